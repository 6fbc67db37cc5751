import type { PeerInfo } from "./peer_info.js";

/** The event `peerjoin` of a `Room`. */
export interface RoomPeerJoinEvent extends Event {
  /** The peer that entered. */
  readonly peer: PeerInfo;
}

/** The event `message` of a `Room`. */
export interface RoomMessageEvent extends Event {
  /** The sender's peer id, stamped by the server. */
  readonly from: string;
  /** What the sender gave to `broadcast()`, as JSON holds it. */
  readonly data: unknown;
}

/** The event `peeraway` of a `Room`. */
export interface RoomPeerAwayEvent extends Event {
  /** The peer, marked with `away`. */
  readonly peer: PeerInfo;
  /** `"lost"`: its link ended; `"silent"`: nothing arrives from it any more; `"suspended"`: its page is frozen. */
  readonly reason: "lost" | "silent" | "suspended" | (string & {});
}

/** The event `peerback` of a `Room`. */
export interface RoomPeerBackEvent extends Event {
  /** The peer that is back. */
  readonly peer: PeerInfo;
}

/** The event `peerleave` of a `Room`. */
export interface RoomPeerLeaveEvent extends Event {
  /** The peer that is gone. */
  readonly peer: PeerInfo;
  /** `"left"`: it left the room; `"closed"`: its client or page was closed; `"lost"`: it was away for too long, or loaded anew. */
  readonly reason: "left" | "closed" | "lost" | (string & {});
}

/** The events of a `Room`, by type. */
export interface RoomEventMap {
  /** A peer entered. */
  readonly peerjoin: RoomPeerJoinEvent;
  /** A peer's `broadcast()`. */
  readonly message: RoomMessageEvent;
  /**
   * A peer can no longer be reached, through the server or directly. `peerback` or `peerleave` follows. What is sent to it
   * meanwhile waits at the server.
   */
  readonly peeraway: RoomPeerAwayEvent;
  /** A peer that was away is back, with everything that was sent to it. */
  readonly peerback: RoomPeerBackEvent;
  /** A peer is gone, once for each `peerjoin`. */
  readonly peerleave: RoomPeerLeaveEvent;
}
