import { dictionary, numberIn, optionalText, refuse } from "./arguments.js";
import type { PeerQuery } from "./peer_info.js";

/** @internal Throws `invalid-argument` for a query with a wrong member. */
export function checkQuery(query: PeerQuery): void {
  const { region, capability, room, limit, cursor } = dictionary("query", query);
  optionalText("query.region", region, 64);
  optionalText("query.capability", capability, 64);
  optionalText("query.room", room);
  numberIn("query.limit", limit, 1, 1, 100, true);
  if (cursor !== undefined && typeof cursor !== "string") refuse("query.cursor", cursor, "the cursor of the page before");
}
