import type { RemotePeer } from "./remote_peer.js";

/**
 * @internal The remote peers of a client, by id. What the module tells comes in order, but while the application is told something
 * it may close a peer and open the next of the same id: until the end of the first has been told, all that is told is about that one.
 */
export class Peers {
  readonly #open = new Map<string, RemotePeer>();
  readonly #ending: RemotePeer[] = [];

  /** Those that are open. */
  get all(): readonly RemotePeer[] {
    return [...this.#open.values()];
  }

  get(id: string): RemotePeer | undefined {
    return this.#open.get(id);
  }

  add(peer: RemotePeer): void {
    this.#open.set(peer.id, peer);
  }

  /** The application closes it: it is closed from now on, and its end will be told. */
  end(peer: RemotePeer): void {
    this.#open.delete(peer.id);
    this.#ending.push(peer);
    peer.end();
  }

  /** Whom something is about that the module tells now. */
  about(id: string): RemotePeer | undefined {
    return this.#ending.find((peer) => peer.id === id) ?? this.#open.get(id);
  }

  /** Its end is told. */
  forget(peer: RemotePeer | undefined): void {
    if (!peer) return;
    const at = this.#ending.indexOf(peer);
    if (at >= 0) this.#ending.splice(at, 1);
    else this.#open.delete(peer.id);
  }

  /** No end will be told any more: answers those whose end was not. */
  clear(): readonly RemotePeer[] {
    const left = [...this.#ending.splice(0), ...this.#open.values()];
    this.#open.clear();
    return left;
  }
}
