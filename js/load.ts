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
    return await instantiate((compiled ??= await compile(source)), forget);
  } catch (cause) {
    forget();
    throw new SignalingError("load-failed", true, { detail: String(cause) }, cause);
  }
}

async function compile(given: ModuleSource | Promise<ModuleSource>): Promise<WebAssembly.Module> {
  // What has an address is asked for at once, not a turn later.
  const source = isAddress(given) ? given : await given;
  if (source instanceof WebAssembly.Module) return source;
  const fetched = isAddress(source) ? await fetch(source) : source;
  if (!(fetched instanceof Response)) return WebAssembly.compile(fetched);
  if (!fetched.ok) throw new Error(`${fetched.status} for ${fetched.url}`);
  // Under another type it cannot be compiled while it comes.
  return fetched.headers.get("content-type") === "application/wasm"
    ? WebAssembly.compileStreaming(fetched)
    : WebAssembly.compile(await fetched.arrayBuffer());
}

function isAddress(source: unknown): source is string | URL | Request {
  return typeof source === "string" || source instanceof URL || source instanceof Request;
}
