import init, { type InitInput } from "#glue";
import { SignalingError } from "./errors.js";

/** Where the WebAssembly module comes from: its URL, a response, its bytes, or the compiled module. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let loading: Promise<unknown> | undefined;

/**
 * Loads the WebAssembly module. `connect()` does so by itself; call this to load earlier, or from elsewhere
 * than `signalpost_bg.wasm` beside this file. The first call decides the source; a failed one may be repeated.
 *
 * @throws {SignalingError} `load-failed`
 */
export async function initialize(source?: ModuleSource | Promise<ModuleSource>): Promise<void> {
  loading ??= init({ module_or_path: (source ?? new URL("signalpost_bg.wasm", import.meta.url)) as InitInput });
  try {
    await loading;
  } catch (cause) {
    loading = undefined;
    throw new SignalingError("load-failed", true, { detail: String(cause) }, cause);
  }
}
