-- Reads what a room keeps about some peers, without their descriptions.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e
-- ARGV  1  time   then ids, at least one
-- Reply: { entry or nil, entry or nil, ... }, in the order of the ids

return redis.call('HMGET', KEYS[2], unpack(ARGV, 2))
