import { dictionary, numberIn, optionalText, refuse } from "./arguments.js";
import { LABEL_BYTES, PAGE, ROOM_NAME_BYTES } from "./limits.js";
import type { PeerQuery } from "./peer_info.js";

/** @internal Throws `invalid-argument` for a query with a wrong member. */
export function checkQuery(query: PeerQuery): void {
  const { region, capability, room, limit, cursor, nearest } = dictionary("query", query);
  optionalText("query.region", region, LABEL_BYTES);
  optionalText("query.capability", capability, LABEL_BYTES);
  optionalText("query.room", room, ROOM_NAME_BYTES);
  numberIn("query.limit", limit, 1, 1, PAGE, true);
  if (cursor !== undefined && typeof cursor !== "string") refuse("query.cursor", cursor, "the cursor of the page before");
  if (nearest !== undefined && typeof nearest !== "boolean") refuse("query.nearest", nearest, "true or false");
}
