// The bound module as it is published: without the words of panics, then wasm-opt, then in an order that compresses well.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./command.mjs";
import { glueFile, stamps } from "./glue.mjs";
import { nodeModule } from "./paths.mjs";
import { silencePanics } from "./silent_panics.mjs";
import { nameInOrder } from "./similar_order.mjs";

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
  "-Os",
  "--converge",
  // The stack comes first, and nothing else is in its last kilobyte: offsets of fields need no addition.
  "--low-memory-unused",
  // gzip finds what occurs twice, and zeros: a local in the place of the first, a segment around the second cost more.
  "--skip-pass=local-cse",
  "--skip-pass=memory-packing",
  "--skip-pass=simplify-locals",
  // What rustc did not inline is mostly smaller as a call, after compression too. These three numbers were tried out.
  "--always-inline-max-function-size=6",
  "--flexible-inline-max-function-size=1",
  "--one-caller-inline-max-function-size=25",
  "--strip-producers",
  "--strip-target-features",
  "--debuginfo",
];
const REORDER = ["--reorder-functions-by-name", "--strip-debug"];

/** The optimized module with the names of its functions, for `npm run size`. */
export const namedModule = () => glueFile("named.wasm");

/** The optimized module. */
export const optimizedModule = () => glueFile("optimized.wasm");

/** Writes the optimized module. */
export async function optimize(output) {
  const bound = glueFile("signalpost_bg.wasm");
  const passed = glueFile("passed.wasm");
  const own = ["optimize.mjs", "silent_panics.mjs", "similar_order.mjs", "wasm_module.mjs"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  const inputs = { files: [bound, nodeModule("binaryen", "package.json"), ...own], texts: [] };
  const wasmOpt = (options, input, to) =>
    run(process.execPath, [nodeModule("binaryen", "bin", "wasm-opt"), input, ...FEATURES, ...options, "-o", to]);
  await stamps().step("optimize", { inputs, outputs: [namedModule(), output] }, async () => {
    writeFileSync(passed, silencePanics(readFileSync(bound)));
    await wasmOpt(SHRINK, passed, namedModule());
    writeFileSync(passed, nameInOrder(readFileSync(namedModule())));
    await wasmOpt(REORDER, passed, output);
  });
}
