-- Lists the ids of all members of a room, present and away.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   3  d   4  v   5  i   6  a
-- ARGV  1  time
-- Reply: { id, id, ... }

local ids = redis.call('ZRANGEBYLEX', KEYS[5], '-', '+')
for _, id in ipairs(redis.call('SMEMBERS', KEYS[6])) do ids[#ids + 1] = id end
return ids
