import type { PeerInfo } from "./peer_info.js";

/** How many peers the client remembers, as in `crates/core`: a server may list any number. */
const MAX_PEERS = 1024;

/** @internal The newest description of each peer from the lists. The client remembers the peers longest that a list named last. */
export class KnownPeers {
  readonly #peers = new Map<string, PeerInfo>();

  /** Remembers the entries of a list. */
  note(listed: readonly PeerInfo[]): void {
    for (const { away, ...peer } of listed) {
      this.#peers.delete(peer.id);
      this.#peers.set(peer.id, peer);
    }
    for (const id of this.#peers.keys()) {
      if (this.#peers.size <= MAX_PEERS) break;
      this.#peers.delete(id);
    }
  }

  get(id: string): PeerInfo | undefined {
    return this.#peers.get(id);
  }
}
