// Where things are: one place, so that no tool builds a path of its own.
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
export const inRoot = (...parts) => path.join(root, ...parts);

/** Cargo's target directory: CARGO_TARGET_DIR is honoured, as cargo does. */
export const cargoTarget = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

/** What wasm-bindgen makes; `#glue` of the facade points here (tsconfig.json), so it does not follow CARGO_TARGET_DIR. */
export const bindgenDir = inRoot("target", "bindgen");

export const dist = inRoot("dist");

/** The WebAssembly module in the package, from beside its script (js/load.ts says why there). */
export const moduleInPackage = path.join("signalpost", "signalpost_bg.wasm");

/** The package as the tests of traps load it (trap_hook.mjs). */
export const trapHookDist = inRoot("target", "trap-hook");

/** Tools that were built once for this user. */
export const toolCache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "signalpost", "tools");

/** The script of an npm package that this node can run without npx. */
export const nodeModule = (...parts) => inRoot("node_modules", ...parts);
