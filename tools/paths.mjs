// The paths that tools share.
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
export const inRoot = (...parts) => path.join(root, ...parts);

/** Cargo's target directory; like cargo, it follows CARGO_TARGET_DIR. */
export const cargoTarget = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

/** The directory of wasm-bindgen's output. It does not follow CARGO_TARGET_DIR, because `#glue` of the facade points here (tsconfig.json). */
export const bindgenDir = inRoot("target", "bindgen");

export const dist = inRoot("dist");

/** The WebAssembly module in the package, from beside its script (js/load.ts says why there). */
export const moduleInPackage = path.join("signalpost", "signalpost_bg.wasm");

/** The package that the tests of traps load (trap_hook.mjs). */
export const trapHookDist = inRoot("target", "trap-hook");

/** The directory of tools that are built once for this user. */
export const toolCache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "signalpost", "tools");

/** Returns the script of an npm package, for node to run it without npx. */
export const nodeModule = (...parts) => inRoot("node_modules", ...parts);
