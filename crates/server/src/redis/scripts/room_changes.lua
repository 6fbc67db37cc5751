-- Lists the peers of a room that have changed after a version, the newest changes first.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   3  d   4  v
-- ARGV  1  time   2  since: changes after this version   3  most entries
-- Reply: { ver, reach, floor, members, id, entry, description, id, entry, description, ... }
--   ver    the version of the room, 0 where there is none
--   reach  the list is complete for every version from this one on
--   floor  changes up to this version may be forgotten
--   members  peers in the room, present or away
--   description  "" where the peer is not in the room

local h, e, d, v = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local most = tonumber(ARGV[3])
local ver, floor, members = unpack(redis.call('HMGET', h, 'ver', 'floor', 'members'))
local ids = redis.call('ZREVRANGEBYSCORE', v, '+inf', '(' .. ARGV[2], 'LIMIT', 0, most)
local reach = tonumber(ARGV[2])
if #ids >= most then reach = math.max(reach, tonumber(redis.call('ZSCORE', v, ids[#ids])) - 1) end
local reply = { tonumber(ver or '0'), reach, tonumber(floor or '0'), tonumber(members or '0') }
return with_peers(reply, e, d, ids)
