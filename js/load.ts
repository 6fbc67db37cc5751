import { buildId } from "./build_id.js";
import { type CallOptions, bounded } from "./call_options.js";
import { SignalingError } from "./errors.js";
import { className, requireGlobals } from "./host.js";
import { type Instance, instantiate } from "./instance.js";

/** Where the WebAssembly module comes from: its URL, a response, its bytes, or the compiled module. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/** The module, once an instance of it was made: the client does not keep a module that it cannot use. */
let usable: WebAssembly.Module | undefined;
let running: Promise<Instance> | undefined;
/** Whether the client could not use the last response. The HTTP cache may hold it, so the next load bypasses the cache. */
let hasFailed = false;

/**
 * Loads the WebAssembly module. `connect()` does this by itself. Call this function to load the module earlier, or from another place
 * than `signalpost/signalpost_bg.wasm` beside this file. The first call that succeeds decides the source. You may repeat a failed call,
 * with the same source or another one. The load goes on even if the call is aborted. Without `timeoutMs` the time is not limited.
 *
 * @throws {SignalingError} `load-failed`, `unsupported`, `timeout`, `aborted`
 */
export function initialize(source?: ModuleSource | Promise<ModuleSource>, options?: CallOptions): Promise<void> {
  return bounded(async () => void (await load(source)), options);
}

/** @internal Returns the instance that all clients share; after a trap, which ends an instance, another one of the same module. */
export function load(source?: ModuleSource | Promise<ModuleSource>): Promise<Instance> {
  if (!running) {
    running = begin(source);
    running.catch(forget);
  }
  return running;
}

/** Makes the next call load again. */
function forget(): void {
  running = undefined;
}

async function begin(source: ModuleSource | Promise<ModuleSource> | undefined): Promise<Instance> {
  try {
    requireGlobals(["WebAssembly", "TextDecoder", "TextEncoder"], "the module needs it");
    const module = usable ?? (await compile(source ?? ownAddress()));
    checkBuild(module);
    const instance = await instantiate(module, forget);
    usable = module;
    return instance;
  } catch (cause) {
    hasFailed = true;
    throw cause instanceof SignalingError ? cause : loadFailed(String(cause), true, cause);
  }
}

function loadFailed(detail: string, retryable: boolean, cause?: unknown): SignalingError {
  return new SignalingError("load-failed", retryable, { detail }, cause);
}

/**
 * Beside this script. Bundlers find the module by this very expression; a classic script and a Blob worker have no such address. Vite's
 * dev server, before version 8, looks from its cache (node_modules/.vite/deps), where the same words name the package and
 * what it exports: hence the directory of its name.
 */
function ownAddress(): URL {
  try {
    return new URL("signalpost/signalpost_bg.wasm", import.meta.url);
  } catch (cause) {
    throw loadFailed("this script does not know its own address: pass the module, or its address, to initialize()", false, cause);
  }
}

async function compile(given: ModuleSource | Promise<ModuleSource>): Promise<WebAssembly.Module> {
  // A source with an address is requested at once, not a turn later.
  const source = isAddress(given) ? given : await given;
  if (className(source) === "WebAssembly.Module") return source as WebAssembly.Module;
  const fetched = isAddress(source) ? await download(source) : (source as Response | BufferSource);
  if (!("arrayBuffer" in fetched)) return WebAssembly.compile(fetched);
  if (!fetched.ok) throw new Error(`${fetched.status} for ${fetched.url}`);
  const type = fetched.headers.get("content-type");
  if (type === "application/wasm") return WebAssembly.compileStreaming(fetched);
  // Under another type, the browser cannot compile it while it loads.
  const bytes = await fetched.arrayBuffer();
  if (isHtml(bytes, type)) {
    throw new Error(
      `HTML came from ${fetched.url || "the response"}: the file is not there; in Vite, set optimizeDeps.exclude to ["signalpost"]`,
    );
  }
  return WebAssembly.compile(bytes);
}

/** Whether the response is a page in place of the module: many servers answer with a page for a file that they do not have. */
function isHtml(bytes: ArrayBuffer, type: string | null): boolean {
  const [first] = new Uint8Array(bytes);
  const MODULE = 0x00;
  const TAG = 0x3c;
  return first === TAG || (first !== MODULE && !!type?.startsWith("text/html"));
}

function isAddress(source: unknown): source is string | URL | Request {
  return typeof source === "string" || ["URL", "Request"].includes(className(source));
}

async function download(source: string | URL | Request): Promise<Response> {
  requireGlobals(["fetch"], "pass the bytes of signalpost_bg.wasm to initialize()");
  try {
    return await (hasFailed ? fetch(source, { cache: "reload" }) : fetch(source));
  } catch (cause) {
    const address = typeof source === "object" && "url" in source ? source.url : String(source);
    const isFile = address.startsWith("file:");
    const remedy = isFile ? "; fetch() takes no file: address, so pass the bytes of the file to initialize()" : "";
    throw loadFailed(`${address}: ${cause}${remedy}`, !isFile, cause);
  }
}

/** The names between a script and its module are those of one build: with another module calls would go astray. */
function checkBuild(module: WebAssembly.Module): void {
  const [section] = WebAssembly.Module.customSections(module, "signalpost-build");
  const found = section ? String.fromCharCode(...new Uint8Array(section)) : "unknown";
  if (found !== buildId) {
    throw loadFailed(`the script is of build ${buildId}, the module of build ${found}: serve both from one build`, true);
  }
}
