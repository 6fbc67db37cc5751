import type { SignalingErrorEvent } from "./client_events.js";
import type { ErrorCode } from "./errors.js";
import type { PeerStats } from "./peer_stats.js";

/** Why `PeerStateChangeEvent.state` is what it is. A newer peer may give reasons that this version does not list. */
export type PeerStateReason = ErrorCode | "path-lost" | "" | (string & {});

/** The event `statechange` of a `RemotePeer`. */
export interface PeerStateChangeEvent extends Event {
  /** The state now. */
  readonly state: RTCPeerConnectionState;
  /**
   * `"path-lost"` when the state is `"disconnected"` (nothing arrives any more, which may pass), `"connection-failed"` when it is
   * `"failed"` (the path was given up: `restartIce()` looks for another), an error code when it is `"closed"` (`"closed"`: by this
   * side, `"connection-gone"`: by the other), and `""` otherwise.
   */
  readonly reason: PeerStateReason;
}

/** The event `quality` of a `RemotePeer`. */
export interface PeerQualityEvent extends Event {
  /** How the connection does. */
  readonly stats: PeerStats;
}

/** The event `message` of a `RemotePeer`. */
export interface PeerMessageEvent extends Event {
  /** What the other side gave to `send()`, as JSON holds it. */
  readonly data: unknown;
}

/** The events of a `RemotePeer`, by type. */
export interface RemotePeerEventMap {
  /** A remote track arrived (W3C WebRTC `track`). */
  readonly track: RTCTrackEvent;
  /** The other side created a data channel. */
  readonly datachannel: RTCDataChannelEvent;
  /** `state` changed. */
  readonly statechange: PeerStateChangeEvent;
  /** Data can flow. */
  readonly open: Event;
  /** How the connection does: every 2 s while it is connected and somebody listens to this. */
  readonly quality: PeerQualityEvent;
  /** The other side's `send()`. */
  readonly message: PeerMessageEvent;
  /** Something went wrong that no promise waits for. */
  readonly error: SignalingErrorEvent;
}
