import { invalidArgument } from "./errors.js";
import type { Transport } from "./transport.js";

/** Options of a `SignalingClient`. */
export interface SignalingClientOptions {
  /** The public name of this peer: 1 to 128 bytes, no control characters. Default: drawn at random. */
  readonly peerId?: string;
  /** Where this peer is; others can look for it. At most 64 bytes. */
  readonly region?: string;
  /** What this peer can do; others can look for it. At most 16 of at most 64 bytes. */
  readonly capabilities?: readonly string[];
  /** Anything that fits into 1024 bytes of JSON; others see it beside the id. */
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
  readonly mode?: "trickle" | "complete";
  /** At most 60000. Default 1000. A pair has 12 s to connect, and twice this. */
  readonly timeoutMs?: number;
}

function gatheringMs({ mode = "trickle", timeoutMs }: GatheringOptions): number {
  const milliseconds = numberIn("gathering.timeoutMs", timeoutMs, 1000, 0, 60_000);
  if (mode === "complete") return milliseconds;
  if (mode === "trickle") return -1;
  throw invalidArgument(`gathering.mode is ${String(mode)}, allowed is "trickle" or "complete"`);
}

function numberIn(name: string, value: number | undefined, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw invalidArgument(`${name} is ${String(value)}, allowed is a number from ${least} to ${most}`);
  }
  return value;
}

/** @internal base, factor, cap, cap while visible, attempts (negative: unlimited); milliseconds, size, most; wait. */
export function numbers(
  options: ReconnectOptions = {},
  candidates: CandidateOptions = {},
  gathering: GatheringOptions = {},
): Float64Array {
  const day = 86_400_000;
  const attempts = numberIn("reconnect.maxAttempts", options.maxAttempts, Infinity, 0, Infinity);
  return Float64Array.of(
    numberIn("reconnect.baseMs", options.baseMs, 1000, 0, day),
    numberIn("reconnect.factor", options.factor, 2, 1, 100),
    numberIn("reconnect.maxMs", options.maxMs, 30_000, 0, day),
    numberIn("reconnect.maxVisibleMs", options.maxVisibleMs, 3500, 0, day),
    attempts === Infinity ? -1 : attempts,
    numberIn("candidates.batchMs", candidates.batchMs, 100, 0, 10_000),
    numberIn("candidates.batchSize", candidates.batchSize, 5, 1, 10),
    numberIn("candidates.maxPerGeneration", candidates.maxPerGeneration, 10, 1, 10),
    gatheringMs(gathering),
  );
}

/** @internal The endpoint as a WebSocket URL; a relative one is resolved against the page. */
export function socketUrl(url: string | URL): string {
  try {
    const absolute = new URL(url, globalThis.location?.href);
    absolute.protocol = absolute.protocol.replace(/^http/, "ws");
    if (/^wss?:$/.test(absolute.protocol)) return absolute.href;
  } catch {
    // Said below.
  }
  throw invalidArgument(`url is ${String(url)}, allowed is a ws:, wss:, http: or https: URL`);
}

/** @internal Hexadecimal digits of this many random bytes of the platform's generator. */
export function randomHex(bytes: number): string {
  const drawn = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @internal A time-out in milliseconds. */
export function timeout(value: number | undefined, fallback: number): number {
  return numberIn("timeoutMs", value, fallback, 1, 2_147_483_647);
}
