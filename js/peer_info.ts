import type { Mapping } from "./reasons.js";

/** The description of a registered peer. */
export interface PeerInfo {
  /** Its peer id. */
  readonly id: string;
  /** Its region. */
  readonly region?: string;
  /** Its capabilities. */
  readonly capabilities: readonly string[];
  /** The metadata that its application gave. */
  readonly metadata?: unknown;
  /** How its network maps addresses, if its client had found out when the list was made. `RemotePeer.outlook` has the newest. */
  readonly mapping?: Mapping;
  /** `true` in `Room.peers` if the peer lost its link to the server; it may come back. `findPeers()` never lists this peer. */
  readonly away?: true;
}

/** The conditions of `findPeers()`. A peer must meet every given condition. */
export interface PeerQuery {
  /** Peers whose option `region` is this one. */
  readonly region?: string;
  /** Peers that name this one among their `capabilities`. */
  readonly capability?: string;
  /** Peers that are in this room. */
  readonly room?: string;
  /** The maximum number of entries, 1 to 100. Default 20. */
  readonly limit?: number;
  /** The `cursor` of the page before. */
  readonly cursor?: string;
  /**
   * Whether the peers come by region, those nearest to the server of this client first, and by id within a region. Default `false`: all by
   * id. It makes no difference with `room`, and on a server that knows one region only.
   */
  readonly nearest?: boolean;
}

/** One page of peers, in the order that the query asks for: by id, if it asks for none. */
export interface PeerPage {
  /** The peers of this page. */
  readonly peers: readonly PeerInfo[];
  /** The start of the next page; absent on the last page. */
  readonly cursor?: string;
}

/** @internal Makes the description from the module's form. */
export function peerInfo(raw: object): PeerInfo {
  type Raw = { id: string; session?: number; region?: string; metadata?: unknown };
  const { session, ...info } = { capabilities: [], ...(raw as Raw) };
  try {
    // This throws without metadata too.
    info.metadata = JSON.parse(info.metadata as string);
  } catch {
    // Another client may send metadata that is not JSON.
  }
  return info;
}
