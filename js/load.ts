import { SignalingError } from "./errors.js";
import { type Instance, instantiate } from "./instance.js";

/** Where the WebAssembly module comes from: its URL, a response, its bytes, or the compiled module. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let compiled: WebAssembly.Module | undefined;
let running: Promise<Instance> | undefined;

/**
 * Loads the WebAssembly module. `connect()` does so by itself; call this to load earlier, or from elsewhere
 * than `signalpost_bg.wasm` beside this file. The first call decides the source; a failed one may be repeated.
 *
 * @throws {SignalingError} `load-failed`
 */
export async function initialize(source?: ModuleSource | Promise<ModuleSource>): Promise<void> {
  await load(source);
}

/** @internal The instance that all clients share: after a trap, which ends one, another of the same module. */
export function load(source?: ModuleSource | Promise<ModuleSource>): Promise<Instance> {
  return (running ??= begin(source ?? new URL("signalpost_bg.wasm", import.meta.url)));
}

async function begin(source: ModuleSource | Promise<ModuleSource>): Promise<Instance> {
  const forget = () => (running = undefined);
  try {
    return await instantiate((compiled ??= await compile(await source)), forget);
  } catch (cause) {
    forget();
    throw new SignalingError("load-failed", true, { detail: String(cause) }, cause);
  }
}

async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const isAddress = typeof source === "string" || source instanceof URL || source instanceof Request;
  const given = isAddress ? await fetch(source) : source;
  if (!(given instanceof Response)) return WebAssembly.compile(given);
  if (!given.ok) throw new Error(`${given.status} for ${given.url}`);
  // Under another type it cannot be compiled while it comes.
  return given.headers.get("content-type") === "application/wasm"
    ? WebAssembly.compileStreaming(given)
    : WebAssembly.compile(await given.arrayBuffer());
}
