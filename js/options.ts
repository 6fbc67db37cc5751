import type { Settings } from "#glue";
import { dictionary, json, numberIn, oneOf, optionalText, refuse, text } from "./arguments.js";
import { type DebugListener, tracer } from "./debug.js";
import { className } from "./host.js";
import { type SessionOptions, identity } from "./identity.js";
import type { IceServersSource } from "./ice_servers.js";
import { CANDIDATES, CANDIDATES_PER_GENERATION, CAPABILITIES, LABEL_BYTES, METADATA_BYTES, RECONNECT } from "./limits.js";
import { type Transport, webSocket } from "./transport.js";

/** The options of a `SignalingClient`. The client ignores unknown members. */
export interface SignalingClientOptions {
  /** The public id of this peer: 1 to 128 bytes, no control characters. By default the client draws one at random; see `session.storage`. */
  readonly peerId?: string;
  /** Whether a reloaded page is the same peer. */
  readonly session?: SessionOptions;
  /**
   * What the client does with the link while the page is frozen or in the back/forward cache. `"keep"`, the default: a frozen page keeps
   * the link, and others see the peer away as soon as the server misses it. A page that goes into the cache counts as left. If it comes back, it
   * enters its rooms in a new session. `"release"`: the client closes the link, others see the peer away (`"suspended"`) at once, and the client
   * resumes the session when the page is shown again.
   */
  readonly background?: "keep" | "release";
  /**
   * After how many milliseconds without a sign of life the client pings a connected peer: it finds a dead path long before the browser does. At
   * most 60000; 0: no pings, and the browser's word alone counts. Default 1000.
   */
  readonly pingMs?: number;
  /** The region of this peer, by which others can find it. At most 64 bytes. */
  readonly region?: string;
  /** The capabilities of this peer, by which others can find it. At most 16, of at most 64 bytes each. */
  readonly capabilities?: readonly string[];
  /** Any value that JSON can hold in 1024 bytes; others see it beside the id. The client refuses a value that JSON would change. */
  readonly metadata?: unknown;
  /** When the client connects again after a lost link to the server. */
  readonly reconnect?: ReconnectOptions;
  /** How the client batches ICE candidates. */
  readonly candidates?: CandidateOptions;
  /** Whether candidates follow their description or travel in it. */
  readonly gathering?: GatheringOptions;
  /** The configuration of each `RTCPeerConnection`; `bundlePolicy` is `"max-bundle"` unless you set it here. */
  readonly rtc?: RTCConfiguration;
  /**
   * Returns ICE servers, which every connection gets beside those of `rtc.iceServers`: for credentials that end. The client calls it at
   * `connect()`, when half of `lifetimeMs` is over, and before it restarts ICE if it is over by then. It waits for an answer for at most 3 s. If there is
   * none, it goes on with the servers that it has, emits an `error` event with the code `ice-servers-unavailable`, and asks again later.
   */
  readonly iceServers?: IceServersSource;
  /** Opens the sockets to the server. By default the client opens a `WebSocket`. */
  readonly transport?: Transport;
  /**
   * Hears every step that the client decides, and every timer that it sets: for a log when something goes wrong. No entry holds a key
   * or the text of a message. By default the client tells nobody, and makes no entries.
   */
  readonly debug?: DebugListener;
}

/** Exponential backoff with full jitter. The first retry waits at most 500 ms. */
export interface ReconnectOptions {
  /** The highest value of the second wait, in milliseconds. Default 1000. */
  readonly baseMs?: number;
  /** The factor by which this highest value grows with each wait, at least 1. Default 2. */
  readonly factor?: number;
  /** The limit of this growth, in milliseconds. Default 30000. */
  readonly maxMs?: number;
  /** The limit while the page is visible and online, in milliseconds. Default 3500. */
  readonly maxVisibleMs?: number;
  /** How many attempts the client makes before it gives up. Default `Infinity`. */
  readonly maxAttempts?: number;
}

/** The client sends a batch of candidates after `batchMs` or at `batchSize`, and at once if waiting would delay the connection. */
export interface CandidateOptions {
  /** How long a batch waits, in milliseconds. Default 100. */
  readonly batchMs?: number;
  /** How many candidates a batch has at most before it is sent. Default 5. */
  readonly batchSize?: number;
  /** How many candidates of one ICE generation the client sends, at most 10. Default 10. */
  readonly maxPerGeneration?: number;
}

/**
 * `"trickle"`, the default, sends each description at once, and candidates as the browser finds them. `"complete"` waits until the browser
 * has found all candidates, but at most for `timeoutMs`. Candidates that it finds later follow.
 */
export interface GatheringOptions {
  /** Default `"trickle"`. */
  readonly mode?: "trickle" | "complete";
  /**
   * In milliseconds, at most 60000. Default 400: each of the two sides may wait that long, so two sides of one network connect in less
   * than a second even if a STUN or TURN server is silent. A pair has 12 s and twice this time to connect.
   */
  readonly timeoutMs?: number;
}

/** When things happen, and how many, once it is looked at. */
type Timing = Pick<Settings, "reconnect" | "candidates" | "gatheringMs" | "pingMs" | "releaseWhenFrozen" | "trace">;

function timing(options: SignalingClientOptions): Timing {
  const day = 86_400_000;
  const reconnect = dictionary("reconnect", options.reconnect);
  const candidates = dictionary("candidates", options.candidates);
  const { mode, timeoutMs } = dictionary("gathering", options.gathering);
  const maxAttempts = numberIn("reconnect.maxAttempts", reconnect.maxAttempts, Infinity, 0, Infinity, true);
  const wait = numberIn("gathering.timeoutMs", timeoutMs, 400, 0, 60_000);
  const isComplete = oneOf("gathering.mode", mode, ["trickle", "complete"]) === "complete";
  const most = CANDIDATES_PER_GENERATION;
  return {
    reconnect: {
      baseMs: numberIn("reconnect.baseMs", reconnect.baseMs, RECONNECT.baseMs, 0, day),
      factor: numberIn("reconnect.factor", reconnect.factor, RECONNECT.factor, 1, 100),
      maxMs: numberIn("reconnect.maxMs", reconnect.maxMs, RECONNECT.maxMs, 0, day),
      maxVisibleMs: numberIn("reconnect.maxVisibleMs", reconnect.maxVisibleMs, RECONNECT.maxVisibleMs, 0, day),
      maxAttempts: maxAttempts === Infinity ? undefined : maxAttempts,
    },
    candidates: {
      batchMs: numberIn("candidates.batchMs", candidates.batchMs, CANDIDATES.batchMs, 0, 10_000),
      batchSize: numberIn("candidates.batchSize", candidates.batchSize, CANDIDATES.batchSize, 1, most, true),
      maxPerGeneration: numberIn("candidates.maxPerGeneration", candidates.maxPerGeneration, CANDIDATES.maxPerGeneration, 1, most, true),
    },
    gatheringMs: isComplete ? wait : undefined,
    pingMs: numberIn("pingMs", options.pingMs, 1000, 0, 60_000),
    releaseWhenFrozen: oneOf("background", options.background, ["keep", "release"]) === "release",
    trace: options.debug !== undefined,
  };
}

/** @internal What the module is given, once all of it is looked at. */
export function settings(url: string | URL, given: SignalingClientOptions | undefined) {
  const options: SignalingClientOptions = dictionary("options", given);
  const { capabilities = [], metadata, transport = webSocket, debug, iceServers } = options;
  if (!Array.isArray(capabilities) || capabilities.length > CAPABILITIES) {
    refuse("capabilities", capabilities, `an array of at most ${CAPABILITIES} strings`);
  }
  if (typeof transport !== "function") refuse("transport", transport, "a function");
  if (iceServers !== undefined && typeof iceServers !== "function") refuse("iceServers", iceServers, "a function");
  if (debug !== undefined && typeof debug !== "function") refuse("debug", debug, "a function");
  const id = optionalText("peerId", options.peerId);
  const storage = oneOf("session.storage", dictionary("session", options.session).storage, ["none", "tab", "origin"]);
  const endpoint = endpointOf(url);
  return {
    endpoint,
    transport,
    identity: identity(endpoint, id, storage),
    peer: {
      region: optionalText("region", options.region, LABEL_BYTES),
      capabilities: capabilities.map((capability, at) => text(`capabilities[${at}]`, capability, LABEL_BYTES)),
      metadata: metadata === undefined ? metadata : json("metadata", metadata, METADATA_BYTES),
    },
    configuration: { bundlePolicy: "max-bundle", ...dictionary("rtc", options.rtc) } satisfies RTCConfiguration as RTCConfiguration,
    iceServers,
    timing: timing(options),
    traced: tracer(debug),
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
