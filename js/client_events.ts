import type { ErrorCode, SignalingError } from "./errors.js";
import type { RemotePeer } from "./remote_peer.js";

/** The state of a client. */
export type ClientState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** Why `ClientStateChangeEvent.state` is what it is. A newer server may give reasons that this version does not list. */
export type ClientStateReason = ErrorCode | "offline" | "suspended" | "" | (string & {});

/** The event `statechange` of a `SignalingClient`. */
export interface ClientStateChangeEvent extends Event {
  /** The state now. */
  readonly state: ClientState;
  /**
   * For `"reconnecting"` why the link was lost (`"link-lost"`, `"server-unreachable"`, `"peer-id-taken"`, `"sequence-gap"`, or
   * `"offline"`, or `"suspended"`: the page is frozen). For `"idle"` why there is no further attempt (`"timeout"`, `"aborted"`,
   * `"server-unreachable"`, `"socket-unavailable"`, `"server-full"`, `"peer-id-taken"`, `"superseded"`, `"upgrade-required"`). For
   * `"closed"` that it was closed, or `"internal"`. Otherwise `""`.
   */
  readonly reason: ClientStateReason;
}

/** The event `resume` of a `SignalingClient`. */
export interface ClientResumeEvent extends Event {
  /** Whether the session goes on: then nothing was lost, in either direction. */
  readonly resumed: boolean;
  /**
   * Why the session is a new one: `"session-expired"` (the client was away for too long, or the server was started anew),
   * `"position-lost"` (the server no longer has all that is missing here), or `""` (the session goes on, or the server has none).
   */
  readonly reason: "session-expired" | "position-lost" | "" | (string & {});
}

/** The event `peer` of a `SignalingClient`. */
export interface ClientPeerEvent extends Event {
  /** The peer that connects. */
  readonly peer: RemotePeer;
}

/** The event `message` of a `SignalingClient`. */
export interface ClientMessageEvent extends Event {
  /** The sender's peer id, stamped by the server. */
  readonly from: string;
  /** What the sender gave to `send()`, as JSON holds it. */
  readonly data: unknown;
}

/** The event `error` of a `SignalingClient` or a `RemotePeer`. */
export interface SignalingErrorEvent extends Event {
  /** What went wrong. */
  readonly error: SignalingError;
}

/** The events of a `SignalingClient`, by type. */
export interface SignalingClientEventMap {
  /** `state` changed. */
  readonly statechange: ClientStateChangeEvent;
  /**
   * The link was lost and is back. If the session is a new one, what was on its way is lost: the client enters its rooms and
   * finishes negotiations anew by itself, and a `peer.send()` or `room.broadcast()` that waited rejects with `link-lost`.
   */
  readonly resume: ClientResumeEvent;
  /** A remote peer connects to this client: add tracks and listeners to it now. */
  readonly peer: ClientPeerEvent;
  /** A peer's `peer.send()`; the client need not have a `RemotePeer` for it. */
  readonly message: ClientMessageEvent;
  /** Something went wrong that no promise waits for. */
  readonly error: SignalingErrorEvent;
}
