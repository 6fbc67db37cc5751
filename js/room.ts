import { type CallOptions, promised } from "./call_options.js";
import { TypedEventTarget, emit } from "./events.js";
import type { PeerInfo } from "./peer_info.js";
import type { AwayReason, LeaveReason } from "./reasons.js";

/** The events of a `Room`. */
export interface RoomEvents {
  /** Somebody entered. */
  readonly peerjoin: Event & { readonly peer: PeerInfo };
  /** Somebody's `broadcast()`. */
  readonly message: Event & { readonly from: string; readonly data: unknown };
  /**
   * Somebody can no longer be reached, through the server or directly: `"lost"` (the link ended), `"silent"` (nothing arrives any
   * more) or `"suspended"` (the page is frozen). `peerback` or `peerleave` follows. What is sent meanwhile waits at the server.
   */
  readonly peeraway: Event & { readonly peer: PeerInfo; readonly reason: AwayReason };
  /** Somebody who was away is back, with everything that was sent. */
  readonly peerback: Event & { readonly peer: PeerInfo };
  /**
   * Somebody is gone, once for each `peerjoin`: `"left"` (the room), `"closed"` (the client, or its page) or `"lost"` (away for
   * longer than the server waits, or loaded anew).
   */
  readonly peerleave: Event & { readonly peer: PeerInfo; readonly reason: LeaveReason };
}

/** @internal What a room asks of its client. */
export interface RoomCalls {
  leave(options: CallOptions | undefined): Promise<void>;
  broadcast(data: unknown, options: CallOptions | undefined): Promise<void>;
}

/** A room that this client is in. A lost link is regained with it. */
export class Room extends TypedEventTarget<RoomEvents> {
  /** @internal How many calls to enter it wait or have succeeded: without any it is given up. */
  holds = 0;
  readonly #members = new Map<string, PeerInfo>();
  readonly #calls: RoomCalls;

  /** @internal */
  constructor(
    /** Its name. */
    readonly name: string,
    calls: RoomCalls,
  ) {
    super();
    this.#calls = calls;
  }

  /** Who else is here, or away; nobody once this client has left. */
  get peers(): readonly PeerInfo[] {
    return [...this.#members.values()];
  }

  /**
   * Leaves, also when the call is aborted. The connections to the peers stay. `timeoutMs` is 15000 by default.
   *
   * @throws {SignalingError} `timeout`, `aborted`, `outbox-full`, `invalid-argument`, `closed`
   */
  leave(options?: CallOptions): Promise<void> {
    return promised(() => this.#calls.leave(options));
  }

  /**
   * Sends a message to everybody else in the room, through the server: for small and rare things. Resolves when it is in
   * everybody's queue there. `timeoutMs` is 150000 by default: as long as a lost link may take to come back.
   *
   * @param data Anything that JSON can hold in 4096 bytes; what it would change into something else is refused.
   * @throws {SignalingError} `rate-limited`, `message-too-large`, `room-not-joined`, `peer-busy` (some have not got it),
   * `link-lost` (some may have got it), `outbox-full`, `timeout`, `aborted`, `invalid-argument`, `closed`
   */
  broadcast(data: unknown, options?: CallOptions): Promise<void> {
    return promised(() => this.#calls.broadcast(data, options));
  }

  /** @internal */
  fill(peers: readonly PeerInfo[]): void {
    for (const peer of peers) this.#members.set(peer.id, peer);
  }

  /** @internal What is known of a peer that is here, or away. */
  member(id: string): PeerInfo | undefined {
    return this.#members.get(id);
  }

  /** @internal This client is out: nothing is known of it any more. */
  left(): void {
    this.#members.clear();
  }

  /** @internal */
  joined(peer: PeerInfo): void {
    this.#members.set(peer.id, peer);
    emit(this, "peerjoin", { peer });
  }

  /** @internal */
  received(from: string, data: unknown): void {
    emit(this, "message", { from, data });
  }

  /** @internal Somebody is away (`peeraway`), back (`peerback`) or gone (`peerleave`). */
  changed(id: string, type: keyof RoomEvents, reason: string): void {
    const known = this.#members.get(id);
    if (!known) return;
    const { away, ...here } = known;
    const peer: PeerInfo = type === "peeraway" ? { ...here, away: true } : here;
    if (type === "peerleave") this.#members.delete(id);
    else this.#members.set(id, peer);
    emit(this, type, { peer, reason });
  }
}
