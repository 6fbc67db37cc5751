import { TypedEventTarget, emit } from "./events.js";
import type { PeerInfo } from "./peer_info.js";

/** The events of a `Room`. */
export interface RoomEvents {
  /** Somebody entered. */
  readonly peerjoin: Event & { readonly peer: PeerInfo };
  /** Somebody is gone; `reason` is `"left"`, `"closed"` or `"lost"`. */
  readonly peerleave: Event & { readonly peer: PeerInfo; readonly reason: string };
}

/** A room that this client is in. A lost link is regained with it. */
export class Room extends TypedEventTarget<RoomEvents> {
  readonly #members = new Map<string, PeerInfo>();
  readonly #leave: () => Promise<void>;

  /** @internal */
  constructor(
    /** Its name. */
    readonly name: string,
    leave: () => Promise<void>,
  ) {
    super();
    this.#leave = leave;
  }

  /** Who else is here. */
  get peers(): readonly PeerInfo[] {
    return [...this.#members.values()];
  }

  /** Leaves. The connections to the peers stay. */
  leave(): Promise<void> {
    return this.#leave();
  }

  /** @internal */
  fill(peers: readonly PeerInfo[]): void {
    for (const peer of peers) this.#members.set(peer.id, peer);
  }

  /** @internal */
  joined(peer: PeerInfo): void {
    this.#members.set(peer.id, peer);
    emit(this, "peerjoin", { peer });
  }

  /** @internal */
  left(id: string, reason: string): void {
    const peer = this.#members.get(id);
    if (peer && this.#members.delete(id)) emit(this, "peerleave", { peer, reason });
  }
}
