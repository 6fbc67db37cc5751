// The package with the feature `trap-hook`, for the tests of traps: not optimized, and only built again when something changed.
import { copyFileSync } from "node:fs";
import path from "node:path";
import { bundle } from "./build.mjs";
import { buildGlue, glueFile } from "./glue.mjs";
import { trapHookDist } from "./paths.mjs";

/** Builds it into a directory, and answers that. */
export async function buildTrapHook() {
  const directory = path.join(trapHookDist, "bindgen");
  await buildGlue({ profile: "dev", features: "trap-hook", directory });
  await bundle(path.join(trapHookDist, "signalpost.js"), { alias: { "#glue": glueFile("signalpost.js", directory) } });
  copyFileSync(glueFile("signalpost_bg.wasm", directory), path.join(trapHookDist, "signalpost_bg.wasm"));
  return trapHookDist;
}
