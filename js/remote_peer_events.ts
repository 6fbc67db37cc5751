import type { SignalingErrorEvent } from "./client_events.js";
import type { ErrorCode } from "./errors.js";
import type { PeerStats } from "./peer_stats.js";

/** The reason of a `PeerStateChangeEvent`. A newer peer may give reasons that this version does not list. */
export type PeerStateReason = ErrorCode | "path-lost" | "" | (string & {});

/** The event `statechange` of a `RemotePeer`. */
export interface PeerStateChangeEvent extends Event {
  /** The state now. */
  readonly state: RTCPeerConnectionState;
  /**
   * Why the state changed. For `"disconnected"` it is `"path-lost"`: nothing arrives, which may pass. For `"failed"` it is
   * `"connection-failed"`: the browser gave the path up, and `restartIce()` looks for another one. For `"closed"` it is an error code:
   * `"closed"` if this side closed the connection, `"connection-gone"` if the other side did. Otherwise it is `""`.
   */
  readonly reason: PeerStateReason;
}

/** The event `quality` of a `RemotePeer`. */
export interface PeerQualityEvent extends Event {
  /** The statistics of the connection. */
  readonly stats: PeerStats;
}

/** The event `message` of a `RemotePeer`. */
export interface PeerMessageEvent extends Event {
  /** The value that the other side gave to `send()`, after its way through JSON. */
  readonly data: unknown;
}

/** The events of a `RemotePeer`, by type. */
export interface RemotePeerEventMap {
  /** A remote track arrived (W3C WebRTC `track`). */
  readonly track: RTCTrackEvent;
  /** The other side created a data channel. */
  readonly datachannel: RTCDataChannelEvent;
  /** The state changed. */
  readonly statechange: PeerStateChangeEvent;
  /** Data can flow. */
  readonly open: Event;
  /** New statistics came. The event comes every 2 s while the peer is connected and this event has a listener. */
  readonly quality: PeerQualityEvent;
  /** A message arrived from the other side's `send()`. */
  readonly message: PeerMessageEvent;
  /** An operation failed for which no promise waits. */
  readonly error: SignalingErrorEvent;
}
