/** What one learns about a registered peer. */
export interface PeerInfo {
  /** Its peer id. */
  readonly id: string;
  /** Where it is. */
  readonly region?: string;
  /** What it can do. */
  readonly capabilities: readonly string[];
  /** What its application said about it. */
  readonly metadata?: unknown;
  /** In `Room.peers`: it lost its link to the server, and may come back. Never in what `findPeers()` answers. */
  readonly away?: true;
}

/** Which peers to list; every condition that is given must hold. */
export interface PeerQuery {
  /** Peers whose option `region` is this one. */
  readonly region?: string;
  /** Peers that name this one among their `capabilities`. */
  readonly capability?: string;
  /** Peers that are in this room. */
  readonly room?: string;
  /** Most entries, 1 to 100. Default 20. */
  readonly limit?: number;
  /** The `cursor` of the page before. */
  readonly cursor?: string;
}

/** One page of peers, ordered by id. */
export interface PeerPage {
  /** The peers of this page. */
  readonly peers: readonly PeerInfo[];
  /** Where the next page starts; absent on the last. */
  readonly cursor?: string;
}

/** @internal From the module's shape. */
export function peerInfo(raw: object): PeerInfo {
  type Raw = { id: string; session?: number; region?: string; metadata?: unknown };
  const { session, ...info } = { capabilities: [], ...(raw as Raw) };
  try {
    // Without metadata this throws too.
    info.metadata = JSON.parse(info.metadata as string);
  } catch {
    // Another client may say what is not JSON.
  }
  return info;
}
