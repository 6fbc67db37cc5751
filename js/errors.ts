import type { Failure } from "#glue";

/** The meaning of every code, and what helps. The codes are those of `crates/protocol/src/error_code.rs`. */
const REMEDIES = {
  "invalid-json": "a frame was not JSON",
  "invalid-message": "a message had the wrong form: the details name the field",
  "unknown-type": "the server does not know this message type: check whether the server is older than the client",
  "binary-frame": "a frame was binary: the protocol uses text frames",
  "not-registered": "the link is not registered yet: wait a moment",
  "already-registered": "the link is already registered",
  "peer-id-taken": "another live client has this peerId: choose another one",
  "peer-not-found": "no peer with this id is connected to the server: check the id, or wait for the peer",
  "forged-sender": "a message named a sender other than the peer that sent it",
  "message-too-large": "the message is too large: send it over a data channel",
  "invalid-candidate": "an ICE candidate could not be read",
  "invalid-description": "a session description could not be read",
  "too-many-rooms": "a client can be in 32 rooms at once: leave one first",
  "room-not-joined": "this client is not in that room: join it first",
  "server-full": "the server has as many clients as it takes: try again later",
  "peer-busy": "the peer reads too slowly: try again in a moment",
  "sequence-gap": "a message was missing: the client sends it again",
  "upgrade-required": "client and server speak no common version: update the older one",
  "superseded": "another session has this id now",
  "description-rejected": "a browser refused a session description: compare the codecs and versions of the browsers",
  "connection-gone": "the other side closed the connection or restarted: connect again",
  "invalid-argument": "an argument is not allowed: the details name it",
  "invalid-state": "this call is not possible now: the details say why",
  "closed": "this object is closed: create a new one",
  "aborted": "the AbortSignal fired",
  "timeout": "no answer came in time: check the network, or raise timeoutMs",
  "server-unreachable": "the client cannot reach the server: check its URL, and that it runs",
  "socket-unavailable": "the browser or the transport cannot create a socket: the details and the cause say why",
  "link-lost": "the link to the server was lost",
  "outbox-full": "too many requests and messages wait for the server: wait for the pending promises",
  "rate-limited": "the client sent more messages, or entered more rooms, than the server allows in this time: wait, or use a data channel",
  "connection-unavailable": "the browser cannot create an RTCPeerConnection: close some connections, or check rtc",
  "ice-servers-unavailable": "the function iceServers gave no ICE servers: the details and the cause say why",
  "connection-failed": "no network path to the peer was found: add a TURN server to rtc.iceServers",
  "turn-missing": "hardly any direct path can work between the two networks: add a TURN server to rtc.iceServers",
  "load-failed": "the module could not be loaded: serve signalpost/signalpost_bg.wasm beside the script, or pass it to initialize()",
  "unsupported": "this host lacks something that Signalpost needs: the details name it",
  "internal": "a defect in Signalpost: please report it",
} as const;

/** Why an operation failed. */
export type ErrorCode = keyof typeof REMEDIES;

/** Every code that this version knows. */
export const errorCodes = /* @__PURE__ */ Object.keys(REMEDIES) as readonly ErrorCode[];

/** Details of a failure. */
export interface ErrorContext {
  /** The remote peer that the failure is about. */
  readonly peerId?: string;
  /** What the server or the browser said. */
  readonly detail?: string;
  /** In how many milliseconds the same call can succeed, where the client or the server knows it (`rate-limited`). */
  readonly retryAfterMs?: number;
  /** The ICE candidates of both ends, where no path was found (`connection-failed`). */
  readonly candidates?: CandidateCensus;
}

/** How many ICE candidates a pair had in its last ICE generation, and what STUN and TURN servers refused. */
export interface CandidateCensus {
  /** The candidates of this end. */
  readonly own: CandidateCount;
  /** The candidates of the remote peer. */
  readonly remote: CandidateCount;
  /** The errors of STUN and TURN servers. */
  readonly errors: readonly CandidateErrorCount[];
}

/** The ICE candidates of one end. */
export interface CandidateCount {
  /** This browser found them, or the remote peer sent them. */
  readonly found: CandidateTypes;
  /** The client sent them to the remote peer, or gave them to this browser. */
  readonly used: CandidateTypes;
  /** How many the client or the browser left out: of an older ICE generation or an unknown media section, too many, or refused. */
  readonly dropped: number;
}

/** ICE candidates by type. */
export interface CandidateTypes {
  /** Addresses of the host itself. */
  readonly host: number;
  /** Addresses that a STUN server saw. */
  readonly srflx: number;
  /** Addresses at a TURN server. */
  readonly relay: number;
}

/** How many STUN and TURN servers gave one error. */
export interface CandidateErrorCount {
  /** The `errorCode` of `icecandidateerror`: 401 for wrong credentials, 701 for a server that does not answer. */
  readonly code: number;
  /** How many servers gave it. */
  readonly servers: number;
}

/** The class of every error that Signalpost throws, rejects with, or reports. */
export class SignalingError extends Error {
  /** `"SignalingError"`, even if `instanceof` fails: for an error of another realm, or of another copy of the package. */
  override readonly name = "SignalingError";
  /** The meaning of the code and what helps, in words. */
  readonly remedy: string;

  /** Why the operation failed. A newer server may send codes that this version does not list. */
  readonly code: ErrorCode | (string & {});
  /** Whether the same call can succeed later without a change. */
  readonly retryable: boolean;
  /** The peer that the failure is about, and details. */
  readonly context: ErrorContext;

  /** Applications catch errors and need not create them. */
  constructor(code: ErrorCode | (string & {}), retryable = false, context: ErrorContext = {}, cause?: unknown) {
    const remedy = (REMEDIES as Record<string, string>)[code] ?? "unknown to this version";
    super(`${code}: ${remedy}${context.detail ? ` (${context.detail})` : ""}`, { cause });
    this.remedy = remedy;
    this.code = code;
    this.retryable = retryable;
    this.context = context;
  }
}

/** @internal Makes the error for a wrong argument; `thrown` says what is wrong. */
export function invalidArgument(thrown: unknown): SignalingError {
  const detail = String((thrown as Error | undefined)?.message ?? thrown);
  return new SignalingError("invalid-argument", false, { detail }, thrown);
}

/** @internal Makes the error for a module that ended; `cause` is the error that it threw. */
export function internal(cause: unknown): SignalingError {
  return new SignalingError("internal", false, { detail: String(cause) }, cause);
}

/** @internal A failure as the module tells it; `thrown` is what the last socket failed with, which causes failures of sockets only. */
export function signalingError(failure: Failure, peerId?: string, thrown?: unknown): SignalingError {
  const { code, retryable, message, retryAfterMs, candidates } = failure;
  const cause = code === "socket-unavailable" || code === "server-unreachable" ? thrown : undefined;
  const context = {
    ...(peerId && { peerId }),
    ...(message && { detail: message }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(candidates && { candidates }),
  };
  return new SignalingError(code, retryable, context, cause);
}
