// `npm run size`: what a page downloads. The gate is total gzip -9 in size-gate.json; the build fails above it.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { ToolError, main } from "./command.mjs";
import { dist, inRoot } from "./paths.mjs";

const DOWNLOADED = ["signalpost_bg.wasm", "signalpost.js"];

/** The rows { name, raw, gzip, brotli } of the built files, the total last. */
export function measure() {
  const rows = DOWNLOADED.map((name) => {
    const file = path.join(dist, name);
    if (!existsSync(file)) throw new ToolError(`dist/${name} is missing: npm run build`);
    const content = readFileSync(file);
    return {
      name,
      raw: content.length,
      gzip: gzipSync(content, { level: 9 }).length,
      brotli: brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
    };
  });
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  return [...rows, { name: "total", raw: sum("raw"), gzip: sum("gzip"), brotli: sum("brotli") }];
}

export function printSizes(rows) {
  const line = (...cells) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(20) : String(cell).padStart(9))).join(""));
  line("bytes", "raw", "gzip -9", "brotli");
  for (const { name, raw, gzip, brotli } of rows) line(name, raw, gzip, brotli);
}

/** Prints the table and throws when the total is over the gate. */
export function checkGate() {
  const rows = measure();
  printSizes(rows);
  const { gzipBytes } = JSON.parse(readFileSync(inRoot("tools", "size-gate.json"), "utf8"));
  const { gzip } = rows.at(-1);
  if (gzip > gzipBytes) throw new ToolError(`size gate: ${gzip} bytes gzipped, ${gzip - gzipBytes} over the gate of ${gzipBytes}`);
  console.log(`size gate: ${gzip} of ${gzipBytes} bytes`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(async () => printSizes(measure()));
