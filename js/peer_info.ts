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

/** @internal From the module's shape. */
export function peerInfo(raw: object): PeerInfo {
  const { id, region, capabilities = [], metadata } = raw as { id: string; region?: string; capabilities?: string[]; metadata?: string };
  const info: { -readonly [K in keyof PeerInfo]: PeerInfo[K] } = { id, capabilities };
  if (region !== undefined) info.region = region;
  if (metadata !== undefined) {
    try {
      info.metadata = JSON.parse(metadata);
    } catch {
      info.metadata = metadata;
    }
  }
  return info;
}
