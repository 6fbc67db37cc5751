import { SignalingError } from "./errors.js";
import { type Instance, instantiate } from "./instance.js";

/** Where the WebAssembly module comes from: its URL, a response, its bytes, or the compiled module. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

let compiled: WebAssembly.Module | undefined;
let running: Promise<Instance> | undefined;

/**
 * Loads the WebAssembly module. `connect()` does so by itself; call this to load earlier, or from elsewhere
 * than `signalpost/signalpost_bg.wasm` beside this file. The first call decides the source; a failed one may be repeated.
 *
 * @throws {SignalingError} `load-failed`
 */
export async function initialize(source?: ModuleSource | Promise<ModuleSource>): Promise<void> {
  await load(source);
}

/** @internal The instance that all clients share: after a trap, which ends one, another of the same module. */
export function load(source?: ModuleSource | Promise<ModuleSource>): Promise<Instance> {
  // Bundlers find the module by this very expression. Vite's dev server, before version 8, looks from its cache
  // (node_modules/.vite/deps), where the same words name the package and what it exports: hence the directory of its name.
  return (running ??= begin(source ?? new URL("signalpost/signalpost_bg.wasm", import.meta.url)));
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
  const type = fetched.headers.get("content-type");
  if (type === "application/wasm") return WebAssembly.compileStreaming(fetched);
  // Under another type it cannot be compiled while it comes.
  const bytes = await fetched.arrayBuffer();
  if (isHtml(bytes, type)) {
    throw new Error(`HTML came from ${fetched.url || "the response"}: the file is not there; in Vite, set optimizeDeps.exclude to ["signalpost"]`);
  }
  return WebAssembly.compile(bytes);
}

/** Whether a page came in place of the module: many servers answer so for a file that they do not have. */
function isHtml(bytes: ArrayBuffer, type: string | null): boolean {
  const [first] = new Uint8Array(bytes);
  const MODULE = 0x00;
  const TAG = 0x3c;
  return first === TAG || (first !== MODULE && !!type?.startsWith("text/html"));
}

function isAddress(source: unknown): source is string | URL | Request {
  return typeof source === "string" || source instanceof URL || source instanceof Request;
}
