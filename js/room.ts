import { type CallOptions, promised } from "./call_options.js";
import { TypedEventTarget, emit } from "./events.js";
import type { PeerInfo } from "./peer_info.js";
import type { RoomEventMap } from "./room_events.js";

/** @internal What a room asks of its client. */
export interface RoomCalls {
  leave(options: CallOptions | undefined): Promise<void>;
  broadcast(data: unknown, options: CallOptions | undefined): Promise<void>;
}

/** A room that this client is in. A lost link is regained with it. */
export class Room extends TypedEventTarget<RoomEventMap> {
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
  changed(id: string, type: keyof RoomEventMap, reason: string): void {
    const known = this.#members.get(id);
    if (!known) return;
    const { away, ...here } = known;
    const peer: PeerInfo = type === "peeraway" ? { ...here, away: true } : here;
    if (type === "peerleave") this.#members.delete(id);
    else this.#members.set(id, peer);
    emit(this, type, { peer, reason });
  }
}
