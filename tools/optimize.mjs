// The bound module as it is published: optimized for size by wasm-opt, and with short names between it and its glue.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ToolError, capture, run } from "./command.mjs";
import { glueFile, stamps } from "./glue.mjs";
import { nodeModule } from "./paths.mjs";

/** What rustc's wasm32 target emits. */
const FEATURES = [
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];
const SHRINK = [
  "-Oz",
  // What rustc did not inline is mostly smaller as a call, after compression too. These three numbers were tried out.
  "--always-inline-max-function-size=6",
  "--flexible-inline-max-function-size=1",
  "--one-caller-inline-max-function-size=25",
  "--converge",
  // The stack comes first, and nothing else is in its last kilobyte: offsets of fields need no addition.
  "--low-memory-unused",
  // gzip finds what occurs twice, and zeros: a local in the place of the first, a segment around the second cost more.
  "--skip-pass=local-cse",
  "--skip-pass=memory-packing",
  "--strip-producers",
  "--strip-target-features",
  "--debuginfo",
];
const SHORTEN = ["--minify-imports-and-exports-and-modules", "--strip-debug"];

/** The optimized module with the names of its functions, for `npm run size`. */
export const namedModule = () => glueFile("named.wasm");

/** The optimized module. */
export const optimizedModule = () => glueFile("optimized.wasm");

/** The glue of the optimized module. */
export const optimizedGlue = () => glueFile("optimized.js");

/** The names that the exports of the optimized module have, by those that wasm-bindgen gave them, as JSON. */
export const exportNames = () => glueFile("exports.json");

/** Makes the optimized module and its glue. */
export async function optimize() {
  const [bound, glue] = [glueFile("signalpost_bg.wasm"), glueFile("signalpost.js")];
  const inputs = { files: [bound, glue, nodeModule("binaryen", "package.json"), fileURLToPath(import.meta.url)], texts: [] };
  const outputs = [namedModule(), optimizedModule(), optimizedGlue(), exportNames()];
  const wasmOpt = (options, from, to) => [nodeModule("binaryen", "bin", "wasm-opt"), from, ...FEATURES, ...options, "-o", to];
  await stamps().step("optimize", { inputs, outputs }, async () => {
    await run(process.execPath, wasmOpt(SHRINK, bound, namedModule()));
    const { code, stdout, stderr } = await capture(process.execPath, wasmOpt(SHORTEN, namedModule(), optimizedModule()));
    if (code !== 0) throw new ToolError(`wasm-opt: ${stderr}`);
    writeFileSync(exportNames(), JSON.stringify(Object.fromEntries(JSON.parse(stdout).exports)));
    writeFileSync(optimizedGlue(), renamed(readFileSync(glue, "utf8"), stdout));
  });
}

/**
 * The glue with the short names of the module. `printed` is what wasm-opt prints: the long and the short name of each import and each
 * export. The glue declares each import as a property of an object (`name: function`), and takes each export from `wasm`.
 */
function renamed(glue, printed) {
  const { imports, exports } = JSON.parse(printed);
  const [first] = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(optimizedModule())));
  const missing = new Map(imports.map(([, name, short]) => [name, short]));
  const shortExports = new Map(exports);
  const text = glue
    .replace(/^(\s*)(\w+)(?=: )/gm, (whole, space, name) => {
      const short = missing.get(name);
      missing.delete(name);
      return short === undefined ? whole : `${space}${short}`;
    })
    .replace(/\bwasm\.(\w+)/g, (_whole, name) => {
      const short = shortExports.get(name);
      if (short === undefined) throw new ToolError(`the module does not export ${name}, which its glue calls`);
      return `wasm.${short}`;
    });
  if (missing.size > 0) throw new ToolError(`the glue does not declare ${[...missing.keys()].join(", ")}`);
  const [before, after, ...more] = text.split(`"${imports[0][0]}": import0`);
  if (after === undefined || more.length > 0) throw new ToolError(`the glue does not name its imports ${imports[0][0]} once`);
  return `${before}${JSON.stringify(first.module)}: import0${after}`;
}
