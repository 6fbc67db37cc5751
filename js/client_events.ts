import type { ErrorCode, SignalingError } from "./errors.js";
import type { NetworkVerdict } from "./network.js";
import type { LossReason } from "./reasons.js";
import type { RemotePeer } from "./remote_peer.js";

/** The state of a client. */
export type ClientState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** The reason of a `ClientStateChangeEvent`. A newer server may give reasons that this version does not list. */
export type ClientStateReason = ErrorCode | "offline" | "suspended" | "" | (string & {});

/** The event `statechange` of a `SignalingClient`. */
export interface ClientStateChangeEvent extends Event {
  /** The state now. */
  readonly state: ClientState;
  /**
   * Why the state changed. For `"reconnecting"` it says why the link was lost: `"link-lost"`, `"server-unreachable"`, `"peer-id-taken"`,
   * `"sequence-gap"`, `"offline"`, or `"suspended"` (the page is frozen). For `"idle"` it says why the client makes no further attempt:
   * `"timeout"`, `"aborted"`, `"server-unreachable"`, `"socket-unavailable"`, `"server-full"`, `"peer-id-taken"`, `"superseded"`,
   * `"upgrade-required"`. For `"closed"` it is `"closed"` or `"internal"`. Otherwise it is `""`.
   */
  readonly reason: ClientStateReason;
}

/** The event `resume` of a `SignalingClient`. */
export interface ClientResumeEvent extends Event {
  /** Whether the session goes on. If it does, no message was lost, in either direction. */
  readonly resumed: boolean;
  /**
   * Why the session is a new one: `"session-expired"` (the client was away for too long, or the server restarted),
   * `"position-lost"` (the server no longer has every message that the client is missing), or `""` (the session goes on, or the server has no sessions).
   */
  readonly reason: LossReason | "";
}

/** The event `networkchange` of a `SignalingClient`. */
export interface ClientNetworkEvent extends Event {
  /** The verdict; `undefined` when the network changed and there is no verdict yet. */
  readonly network: NetworkVerdict | undefined;
}

/** The event `peer` of a `SignalingClient`. */
export interface ClientPeerEvent extends Event {
  /** The peer that connects. */
  readonly peer: RemotePeer;
}

/** The event `message` of a `SignalingClient`. */
export interface ClientMessageEvent extends Event {
  /** The sender's peer id, which the server sets. */
  readonly from: string;
  /** The value that the sender gave to `send()`, after its way through JSON. */
  readonly data: unknown;
}

/** The event `error` of a `SignalingClient` or a `RemotePeer`. */
export interface SignalingErrorEvent extends Event {
  /** The error. */
  readonly error: SignalingError;
}

/** The events of a `SignalingClient`, by type. */
export interface SignalingClientEventMap {
  /** The state changed. */
  readonly statechange: ClientStateChangeEvent;
  /**
   * The link was lost and is back. If the session is a new one, the messages that were on their way are lost. The client enters its rooms
   * and finishes its negotiations by itself. A pending `peer.send()` or `room.broadcast()` whose message was on its way rejects with `link-lost`.
   */
  readonly resume: ClientResumeEvent;
  /** There is another verdict about the own network, or none any more because the network changed. */
  readonly networkchange: ClientNetworkEvent;
  /** A remote peer connects to this client. Add tracks and listeners to it now. */
  readonly peer: ClientPeerEvent;
  /** A message arrived from a peer's `peer.send()`. The client need not have a `RemotePeer` for the peer. */
  readonly message: ClientMessageEvent;
  /** An operation failed for which no promise waits. */
  readonly error: SignalingErrorEvent;
}
