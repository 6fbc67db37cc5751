import { dictionary, numberIn, optionalText, refuse } from "./arguments.js";
import type { PeerInfo } from "./peer_info.js";

/** Which peers to list; every condition that is given must hold. */
export interface PeerQuery {
  readonly region?: string;
  readonly capability?: string;
  readonly room?: string;
  /** Most entries, 1 to 100. Default 20. */
  readonly limit?: number;
  /** The `cursor` of the page before. */
  readonly cursor?: string;
}

/** One page of peers, ordered by id. */
export interface PeerPage {
  readonly peers: readonly PeerInfo[];
  /** Where the next page starts; absent on the last. */
  readonly cursor?: string;
}

/** @internal Refuses what is not allowed. */
export function checkQuery(query: PeerQuery): void {
  const { region, capability, room, limit, cursor } = dictionary("query", query);
  optionalText("query.region", region, 64);
  optionalText("query.capability", capability, 64);
  optionalText("query.room", room);
  numberIn("query.limit", limit, 1, 1, 100, true);
  if (cursor !== undefined && typeof cursor !== "string") refuse("query.cursor", cursor, "the cursor of the page before");
}
