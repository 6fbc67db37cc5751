// The package with the feature `trap-hook`, for the tests of traps: not optimized, and only built again when something changed.
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { bundle } from "./build.mjs";
import { buildGlue, glueFile } from "./glue.mjs";
import { moduleInPackage, trapHookDist } from "./paths.mjs";

/** Builds it into a directory, and answers that. */
export async function buildTrapHook() {
  const directory = path.join(trapHookDist, "bindgen");
  await buildGlue({ profile: "dev", features: "trap-hook", directory });
  await bundle(path.join(trapHookDist, "signalpost.js"), { alias: { "#glue": glueFile("signalpost.js", directory) } });
  const module = path.join(trapHookDist, moduleInPackage);
  mkdirSync(path.dirname(module), { recursive: true });
  copyFileSync(glueFile("signalpost_bg.wasm", directory), module);
  return trapHookDist;
}
