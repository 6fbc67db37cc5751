// Builds the package with the feature `trap-hook`, for the tests of traps: without optimization, and only when a source changed.
import path from "node:path";
import { publish } from "./build.mjs";
import { buildGlue, glueFile } from "./glue.mjs";
import { trapHookDist } from "./paths.mjs";

/** Builds the package and returns its directory. */
export async function buildTrapHook() {
  const directory = path.join(trapHookDist, "bindgen");
  await buildGlue({ profile: "dev", features: "trap-hook", directory });
  await publish(trapHookDist, glueFile("signalpost_bg.wasm", directory), glueFile("signalpost.js", directory));
  return trapHookDist;
}
