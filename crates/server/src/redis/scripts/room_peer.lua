-- Reads what a room keeps about one peer.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   3  d
-- ARGV  1  time   2  id
-- Reply: { entry or nil, description }; description: "" where the peer is not in the room

local entry = redis.call('HGET', KEYS[2], ARGV[2])
return { entry, redis.call('HGET', KEYS[3], ARGV[2]) or '' }
