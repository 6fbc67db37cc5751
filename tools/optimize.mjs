// The bound module as it is published: without the words of panics, then wasm-opt.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./command.mjs";
import { glueFile, stamps } from "./glue.mjs";
import { nodeModule } from "./paths.mjs";
import { silencePanics } from "./silent_panics.mjs";

const WASM_OPT = [
  "-Oz",
  "--converge",
  // What rustc did not inline is smaller as a call, after compression too.
  "--always-inline-max-function-size=1",
  "--flexible-inline-max-function-size=1",
  "--one-caller-inline-max-function-size=1",
  // What rustc's wasm32 target emits.
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
  "--strip-producers",
  "--strip-target-features",
];

/** Writes the optimized module; `keepNames` keeps those of the functions. */
export async function optimize(output, { keepNames = false } = {}) {
  const bound = glueFile("signalpost_bg.wasm");
  const silent = glueFile("silent.wasm");
  const args = [...WASM_OPT, keepNames ? "--debuginfo" : "--strip-debug"];
  const files = [bound, nodeModule("binaryen", "package.json"), ...["silent_panics.mjs", "wasm_module.mjs"].map((name) => fileURLToPath(new URL(name, import.meta.url)))];
  await stamps().step(keepNames ? "optimize-named" : "optimize", { inputs: { files, texts: args }, outputs: [output] }, async () => {
    writeFileSync(silent, silencePanics(readFileSync(bound)));
    await run(process.execPath, [nodeModule("binaryen", "bin", "wasm-opt"), silent, ...args, "-o", output]);
  });
}
