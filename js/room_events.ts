import type { PeerInfo } from "./peer_info.js";
import type { AwayReason, LeaveReason } from "./reasons.js";

/** The event `peerjoin` of a `Room`. */
export interface RoomPeerJoinEvent extends Event {
  /** The peer that entered. */
  readonly peer: PeerInfo;
}

/** The event `message` of a `Room`. */
export interface RoomMessageEvent extends Event {
  /** The sender's peer id, which the server sets. */
  readonly from: string;
  /** The value that the sender gave to `broadcast()`, after its way through JSON. */
  readonly data: unknown;
}

/** The event `peeraway` of a `Room`. */
export interface RoomPeerAwayEvent extends Event {
  /** The peer, marked with `away`. */
  readonly peer: PeerInfo;
  /** `"lost"`: its link ended; `"silent"`: the server hears nothing from it any more; `"suspended"`: its page is frozen. */
  readonly reason: AwayReason;
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
  /** `"left"`: it left the room; `"closed"`: its client or page was closed; `"lost"`: it was away for too long, or its page was reloaded. */
  readonly reason: LeaveReason;
}

/** The events of a `Room`, by type. */
export interface RoomEventMap {
  /** A peer entered the room. */
  readonly peerjoin: RoomPeerJoinEvent;
  /** A message arrived from a peer's `broadcast()`. */
  readonly message: RoomMessageEvent;
  /**
   * Neither the server nor a connection reaches a peer any more. `peerback` or `peerleave` follows. Messages to the peer
   * wait at the server meanwhile.
   */
  readonly peeraway: RoomPeerAwayEvent;
  /** A peer that was away is back, and gets every message that was sent to it. */
  readonly peerback: RoomPeerBackEvent;
  /** A peer is gone. The event comes once for each `peerjoin`. */
  readonly peerleave: RoomPeerLeaveEvent;
}
