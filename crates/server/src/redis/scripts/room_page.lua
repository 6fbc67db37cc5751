-- Lists the peers that are present in a room, by id.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   3  d   4  v   5  i
-- ARGV  1  time   2  after: the page begins behind this id; "": at the start   3  most entries
-- Reply: { ver, id, entry, description, id, entry, description, ... }; ver: the version of the room that the page shows

local h, e, d, i = KEYS[1], KEYS[2], KEYS[3], KEYS[5]
local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local ids = redis.call('ZRANGEBYLEX', i, from, '+', 'LIMIT', 0, tonumber(ARGV[3]))
local reply = { tonumber(redis.call('HGET', h, 'ver') or '0') }
return with_peers(reply, e, d, ids)
