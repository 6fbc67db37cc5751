import { type CallOptions, promised } from "./call_options.js";
import { TypedEventTarget, emit } from "./events.js";
import type { PeerInfo } from "./peer_info.js";
import type { RoomEventMap } from "./room_events.js";

/** @internal The calls of a room to its client. */
export interface RoomCalls {
  leave(options: CallOptions | undefined): Promise<void>;
  broadcast(data: unknown, options: CallOptions | undefined): Promise<void>;
}

/** A room that this client is in. After a lost link, the client is in the room again by itself. */
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

  /** The other members of the room, including members that are away; empty once this client has left. */
  get peers(): readonly PeerInfo[] {
    return [...this.#members.values()];
  }

  /**
   * Leaves the room, even if the call is aborted. The connections to the peers stay. `timeoutMs` is 15000 by default.
   *
   * @throws {SignalingError} `timeout`, `aborted`, `outbox-full`, `invalid-argument`, `closed`
   */
  leave(options?: CallOptions): Promise<void> {
    return promised(() => this.#calls.leave(options));
  }

  /**
   * Sends a message to all other members of the room, through the server. Use it for small and rare messages. Resolves when the
   * message is in the queue of every member at the server. `timeoutMs` is 150000 by default: the time that a lost link may need to come back.
   *
   * @param data Any value that JSON can hold in 4096 bytes. The method refuses a value that JSON would change.
   * @throws {SignalingError} `rate-limited`, `message-too-large`, `room-not-joined`, `peer-busy` (some members did not get it),
   * `link-lost` (some members may have got it), `outbox-full`, `timeout`, `aborted`, `invalid-argument`, `closed`
   */
  broadcast(data: unknown, options?: CallOptions): Promise<void> {
    return promised(() => this.#calls.broadcast(data, options));
  }

  /** @internal */
  fill(peers: readonly PeerInfo[]): void {
    for (const peer of peers) this.#members.set(peer.id, peer);
  }

  /** @internal Returns the description of a member that is here or away. */
  member(id: string): PeerInfo | undefined {
    return this.#members.get(id);
  }

  /** @internal Forgets the members, because this client has left. */
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

  /** @internal Reports that a member is away (`peeraway`), back (`peerback`) or gone (`peerleave`). */
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
