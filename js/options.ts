import type { Settings } from "#glue";
import { dictionary, json, numberIn, oneOf, optionalText, refuse, text } from "./arguments.js";
import { className } from "./host.js";
import { type SessionOptions, identity } from "./identity.js";
import { type Transport, webSocket } from "./transport.js";

/** Options of a `SignalingClient`; members that it does not know are ignored. */
export interface SignalingClientOptions {
  /** The public name of this peer: 1 to 128 bytes, no control characters. Default: drawn at random; see `session.storage`. */
  readonly peerId?: string;
  /** Whether a page that is loaded anew is the same peer. */
  readonly session?: SessionOptions;
  /**
   * What becomes of the link while the page is frozen, or waits in the back/forward cache. `"keep"`, the default: a frozen page keeps
   * it, and others see the peer away as soon as the server misses it; a page that goes into the cache is left, and enters its rooms
   * in a new session should it come back. `"release"`: the link is closed, others see the peer away (`"suspended"`) at once, and the session is resumed
   * when the page is shown again.
   */
  readonly background?: "keep" | "release";
  /** Where this peer is; others can look for it. At most 64 bytes. */
  readonly region?: string;
  /** What this peer can do; others can look for it. At most 16 of at most 64 bytes. */
  readonly capabilities?: readonly string[];
  /** Anything that JSON can hold in 1024 bytes; others see it beside the id. What JSON would change into something else is refused. */
  readonly metadata?: unknown;
  /** When to connect again after the link to the server is lost. */
  readonly reconnect?: ReconnectOptions;
  /** How ICE candidates are batched. */
  readonly candidates?: CandidateOptions;
  /** Whether candidates follow their description, or travel in it. */
  readonly gathering?: GatheringOptions;
  /** For each `RTCPeerConnection`; `bundlePolicy` is `"max-bundle"` unless it is given here. */
  readonly rtc?: RTCConfiguration;
  /** The way to the server. Default: a `WebSocket`. */
  readonly transport?: Transport;
}

/** Exponential backoff with full jitter. The first retry waits at most 500 ms. */
export interface ReconnectOptions {
  /** Ceiling of the second wait. Default 1000. */
  readonly baseMs?: number;
  /** Growth of the ceiling, at least 1. Default 2. */
  readonly factor?: number;
  /** The highest ceiling. Default 30000. */
  readonly maxMs?: number;
  /** The highest ceiling while the page is visible and online. Default 3500. */
  readonly maxVisibleMs?: number;
  /** Attempts before the client gives up. Default `Infinity`. */
  readonly maxAttempts?: number;
}

/** A batch of candidates is sent after `batchMs` or at `batchSize`, and at once where waiting would cost time. */
export interface CandidateOptions {
  /** Default 100. */
  readonly batchMs?: number;
  /** Default 5. */
  readonly batchSize?: number;
  /** Most candidates of one ICE generation, at most 10. Default 10. */
  readonly maxPerGeneration?: number;
}

/**
 * `"trickle"`, the default, sends each description at once and candidates as they are found. `"complete"` waits until all
 * candidates are found, but at most `timeoutMs`; what is found later follows.
 */
export interface GatheringOptions {
  /** Default `"trickle"`. */
  readonly mode?: "trickle" | "complete";
  /** At most 60000. Default 1000. A pair has 12 s to connect, and twice this. */
  readonly timeoutMs?: number;
}

/** When things happen, and how many, once it is looked at. */
type Timing = Pick<Settings, "reconnect" | "candidates" | "gatheringMs" | "releaseWhenFrozen">;

function timing(options: SignalingClientOptions): Timing {
  const day = 86_400_000;
  const reconnect = dictionary("reconnect", options.reconnect);
  const candidates = dictionary("candidates", options.candidates);
  const { mode, timeoutMs } = dictionary("gathering", options.gathering);
  const maxAttempts = numberIn("reconnect.maxAttempts", reconnect.maxAttempts, Infinity, 0, Infinity, true);
  const wait = numberIn("gathering.timeoutMs", timeoutMs, 1000, 0, 60_000);
  const isComplete = oneOf("gathering.mode", mode, ["trickle", "complete"]) === "complete";
  return {
    reconnect: {
      baseMs: numberIn("reconnect.baseMs", reconnect.baseMs, 1000, 0, day),
      factor: numberIn("reconnect.factor", reconnect.factor, 2, 1, 100),
      maxMs: numberIn("reconnect.maxMs", reconnect.maxMs, 30_000, 0, day),
      maxVisibleMs: numberIn("reconnect.maxVisibleMs", reconnect.maxVisibleMs, 3500, 0, day),
      maxAttempts: maxAttempts === Infinity ? undefined : maxAttempts,
    },
    candidates: {
      batchMs: numberIn("candidates.batchMs", candidates.batchMs, 100, 0, 10_000),
      batchSize: numberIn("candidates.batchSize", candidates.batchSize, 5, 1, 10, true),
      maxPerGeneration: numberIn("candidates.maxPerGeneration", candidates.maxPerGeneration, 10, 1, 10, true),
    },
    gatheringMs: isComplete ? wait : undefined,
    releaseWhenFrozen: oneOf("background", options.background, ["keep", "release"]) === "release",
  };
}

/** @internal What the module is given, once all of it is looked at. */
export function settings(url: string | URL, given: SignalingClientOptions | undefined) {
  const options: SignalingClientOptions = dictionary("options", given);
  const { capabilities = [], metadata, transport = webSocket } = options;
  if (!Array.isArray(capabilities) || capabilities.length > 16) refuse("capabilities", capabilities, "an array of at most 16 strings");
  if (typeof transport !== "function") refuse("transport", transport, "a function");
  const id = optionalText("peerId", options.peerId);
  const storage = oneOf("session.storage", dictionary("session", options.session).storage, ["none", "tab", "origin"]);
  const endpoint = endpointOf(url);
  return {
    endpoint,
    transport,
    identity: identity(endpoint, id, storage),
    peer: {
      region: optionalText("region", options.region, 64),
      capabilities: capabilities.map((capability, at) => text(`capabilities[${at}]`, capability, 64)),
      metadata: metadata === undefined ? metadata : json("metadata", metadata, 1024),
    },
    configuration: { bundlePolicy: "max-bundle", ...dictionary("rtc", options.rtc) } satisfies RTCConfiguration as RTCConfiguration,
    timing: timing(options),
  };
}

const ADDRESS = "a ws:, wss:, http: or https: URL";

/** The endpoint as a WebSocket URL, once it is asked for; what can be none anywhere is refused at once. */
function endpointOf(url: string | URL): () => string {
  const given = typeof url === "string" || className(url) === "URL" ? String(url) : refuse("url", url, ADDRESS);
  // On a server that renders pages there is none to resolve it against: any would do to look at it.
  if (!socketUrl(given, page() ?? "http://page.invalid")) refuse("url", given, ADDRESS);
  let resolved: string | undefined;
  return () => (resolved ??= socketUrl(given, page()) ?? refuse("url", given, `${ADDRESS}; there is no page that it could be relative to`));
}

/** What addresses are relative to. A Blob worker's own address is `blob:` and one of its page's origin. */
const page = () => globalThis.location?.href.replace(/^blob:/, "");

function socketUrl(url: string, base: string | undefined): string | undefined {
  try {
    const absolute = new URL(url, base);
    absolute.protocol = absolute.protocol.replace(/^http/, "ws");
    return /^wss?:$/.test(absolute.protocol) ? absolute.href : undefined;
  } catch {
    return undefined;
  }
}
