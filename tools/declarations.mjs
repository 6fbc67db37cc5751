// Makes the published types: the declarations that index.d.ts reaches, without those of the glue.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { ToolError, run } from "./command.mjs";
import { dist, inRoot, nodeModule } from "./paths.mjs";

const tsc = (...args) => run(process.execPath, [nodeModule("typescript", "bin", "tsc"), ...args]);

/** Checks the facade, and what tests/types/ says of its types. */
export async function checkTypes() {
  await tsc("-p", "tsconfig.json", "--noEmit");
  await tsc("-p", "tests/types");
}

const SPECIFIER = /(?:from|import)\s*\(?\s*["']([^"']+)["']/g;

/** Returns the declaration files that `name` reaches through its imports, itself included. */
function reachable(entry) {
  const seen = new Set();
  const waiting = [entry];
  while (waiting.length > 0) {
    const file = waiting.pop();
    if (seen.has(file)) continue;
    if (!existsSync(file)) throw new ToolError(`the published types name ${path.basename(file)}, which does not exist`);
    seen.add(file);
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(SPECIFIER)) {
      if (!specifier.startsWith(".")) {
        throw new ToolError(`the published types need "${specifier}" (${path.basename(file)}): keep it out of public signatures`);
      }
      waiting.push(path.resolve(path.dirname(file), specifier.replace(/\.js$/, ".d.ts")));
    }
  }
  return seen;
}

/** Makes dist/*.d.ts. */
export async function buildDeclarations() {
  const all = inRoot("target", "types");
  rmSync(all, { recursive: true, force: true });
  await tsc("-p", "tsconfig.json", "--emitDeclarationOnly", "--outDir", all);
  const published = reachable(path.join(all, "index.d.ts"));
  for (const name of readdirSync(dist, { recursive: true })) {
    if (name.endsWith(".d.ts")) rmSync(path.join(dist, name));
  }
  for (const file of published) {
    const target = path.join(dist, path.relative(all, file));
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
}
