// `npm run size`: prints how much a page downloads, and how much of it each part adds. The gate is the total after gzip -9, in
// size-gate.json; a build above it fails.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { ToolError, main } from "./command.mjs";
import { namedModule, optimizedGlue, optimizedModule } from "./optimize.mjs";
import { dist, inRoot, moduleInPackage } from "./paths.mjs";
import { byOwner, bySubject, weigh } from "./wasm_weight.mjs";

const DOWNLOADED = [moduleInPackage, "signalpost.js"];

const sizes = (content) => ({
  raw: content.length,
  gzip: gzipSync(content, { level: 9 }).length,
  brotli: brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
});

/** Returns the rows { name, raw, gzip, brotli } of the built files, the total last. */
export function measure() {
  const rows = DOWNLOADED.map((name) => {
    const file = path.join(dist, name);
    if (!existsSync(file)) throw new ToolError(`dist/${name} is missing: run \`npm run build\``);
    return { name: path.basename(name), ...sizes(readFileSync(file)) };
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

/** Returns the rows of the JavaScript's parts, each minified by itself: together they compress a little better. */
async function parts() {
  const { build } = await import("esbuild");
  const minified = async (entry, external) => {
    const options = { bundle: true, format: "esm", target: "es2022", minify: true, legalComments: "none", write: false };
    const { outputFiles } = await build({ absWorkingDir: inRoot(), entryPoints: [entry], external, ...options });
    return sizes(outputFiles[0].contents);
  };
  return [
    { name: "  glue", ...(await minified(optimizedGlue(), [])) },
    { name: "  facade", ...(await minified("js/index.ts", ["#glue"])) },
  ];
}

/** Prints the weight of the wasm module by subject, and by crate and Rust module, then its largest functions. */
function printWeights() {
  const parts = weigh(readFileSync(namedModule()), readFileSync(optimizedModule()));
  const padded = (cell, i, { length }) => (i + 1 < length ? String(cell).padStart(11) : `  ${cell}`);
  const line = (...cells) => console.log(cells.map(padded).join(""));
  for (const rows of [bySubject(parts), byOwner(parts)]) {
    console.log("\n wasm bytes  gzip more  functions  of");
    for (const [name, bytes, gzip, functions] of rows) line(bytes, gzip, functions, name);
  }
  console.log("\nlargest functions");
  const functions = parts.filter(({ isFunction }) => isFunction).sort((a, b) => b.body.length - a.body.length);
  for (const { name, body } of functions.slice(0, 20)) line(body.length, name.replace(/::h[0-9a-f]{16}$/, ""));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const [module, script, total] = measure();
    printSizes([module, script, ...(await parts()), total]);
    printWeights();
  });
}
