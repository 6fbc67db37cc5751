-- Lists the ids of members of a room, present and away, part by part. Who is a member all the time is listed, maybe more than once.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   3  d
-- ARGV  1  time   2  where the part begins: 0, or what the part before has returned   3  about how many
-- Reply: { where the next part begins, 0: there is none, id, id, … }

local found = redis.call('HSCAN', KEYS[3], ARGV[2], 'COUNT', ARGV[3])
local reply = { found[1] }
for at = 1, #found[2], 2 do reply[#reply + 1] = found[2][at] end
return reply
