import type { RemotePeer } from "./remote_peer.js";

/**
 * @internal The remote peers of a client, by id. The module reports events in order. But while the application handles an event, it may close
 * a peer and open the next one with the same id. Until the module has reported the end of the first, every report is about the first.
 */
export class Peers {
  readonly #open = new Map<string, RemotePeer>();
  readonly #ending: RemotePeer[] = [];

  /** The open peers. */
  get all(): readonly RemotePeer[] {
    return [...this.#open.values()];
  }

  get(id: string): RemotePeer | undefined {
    return this.#open.get(id);
  }

  add(peer: RemotePeer): void {
    this.#open.set(peer.id, peer);
  }

  /** Notes that the application closes the peer: it is closed from now on, and the module will report its end. */
  end(peer: RemotePeer): void {
    this.#open.delete(peer.id);
    this.#ending.push(peer);
    peer.end();
  }

  /** Returns the peer that the module's present report is about. */
  about(id: string): RemotePeer | undefined {
    return this.#ending.find((peer) => peer.id === id) ?? this.#open.get(id);
  }

  /** Forgets a peer whose end the module has reported. */
  forget(peer: RemotePeer | undefined): void {
    if (!peer) return;
    const at = this.#ending.indexOf(peer);
    if (at >= 0) this.#ending.splice(at, 1);
    else this.#open.delete(peer.id);
  }

  /** Forgets all peers, because the module reports no end any more; returns the peers whose end it did not report. */
  clear(): readonly RemotePeer[] {
    const left = [...this.#ending.splice(0), ...this.#open.values()];
    this.#open.clear();
    return left;
  }
}
