import type { SignalingErrorEvent } from "./client_events.js";
import type { ErrorCode } from "./errors.js";
import type { PeerPath, PeerStats } from "./peer_stats.js";

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

/** The event `track` of a `RemotePeer`: that of the browser, and whether the track was there before. */
export interface PeerTrackEvent extends RTCTrackEvent {
  /**
   * Whether the track takes the place of one that arrived over the connection before (the event `replaced`): of the same kind, in streams with
   * the same ids. The objects are other ones, also the streams.
   */
  readonly replaced: boolean;
}

/** The event `datachannel` of a `RemotePeer`: that of the browser, and whether the channel was there before. */
export interface PeerDataChannelEvent extends RTCDataChannelEvent {
  /**
   * Whether the channel takes the place of one of the connection before (the event `replaced`), with the same label and options. The former
   * object fires `close`, and what it did not send is lost. The side that created the former channel gets this event too, before the new one opens.
   */
  readonly replaced: boolean;
}

/** The event `replaced` of a `RemotePeer`. */
export interface PeerReplacedEvent extends Event {
  /** The new connection, which is `peer.connection` now. Nothing was negotiated yet. */
  readonly connection: RTCPeerConnection;
  /** The former connection, which is closed after this event. */
  readonly previous: RTCPeerConnection;
}

/** The event `quality` of a `RemotePeer`. */
export interface PeerQualityEvent extends Event {
  /** The statistics of the connection. */
  readonly stats: PeerStats;
}

/** The event `pathchange` of a `RemotePeer`. */
export interface PeerPathChangeEvent extends Event {
  /** The way of the packets now. */
  readonly path: PeerPath;
  /** The way that the event before told; `undefined` for the first event. */
  readonly previous: PeerPath | undefined;
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
  readonly track: PeerTrackEvent;
  /** The other side created a data channel; or, with `replaced: true`, a channel of either side goes on as another object. */
  readonly datachannel: PeerDataChannelEvent;
  /**
   * No path led to the peer any more, and a new `RTCPeerConnection` takes the place of the former one. The tracks and channels of this side are on
   * it. Give it your own listeners, and what cannot be read from the former one, such as codec preferences. What the other side sends
   * follows as `track` and `datachannel` with `replaced: true`.
   */
  readonly replaced: PeerReplacedEvent;
  /** The state changed. */
  readonly statechange: PeerStateChangeEvent;
  /** Data can flow. */
  readonly open: Event;
  /** New statistics came. The event comes every 2 s while the peer is connected and this event has a listener. */
  readonly quality: PeerQualityEvent;
  /**
   * The packets take another way: from peer to peer, or through a TURN server. The first event tells the way that was found. Each later one
   * comes when two measurements, 2 s apart, agree. The connection is measured while it is connected and this event has a listener.
   */
  readonly pathchange: PeerPathChangeEvent;
  /** A message arrived from the other side's `send()`. */
  readonly message: PeerMessageEvent;
  /** An operation failed for which no promise waits. */
  readonly error: SignalingErrorEvent;
}
