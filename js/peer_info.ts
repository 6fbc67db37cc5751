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
