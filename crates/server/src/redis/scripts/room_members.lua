-- Lists the ids of members of a room, present and away, part by part, for a sender. Who is a member all the time is listed, maybe more
-- than once.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   3  d
-- ARGV  1  time   2  where the part begins: 0, or what the part before has returned   3  about how many
--       4  id of the sender   5  the number of its session   6  the number of the ownership of the calling node
-- Replies: { 'ok', where the next part begins, 0: there is none, id, id, … }; { 'stale' }: the room knows a later session or ownership of
--   the sender. What the caller has to send, another node may have sent long ago: who has entered since must not hear it.

local session, turn = string.match(redis.call('HGET', KEYS[2], ARGV[4]) or '', '^(%d+) %d+ (%d+) ')
if session then
  session, turn = tonumber(session), tonumber(turn)
  local own = tonumber(ARGV[5])
  if session > own or (session == own and turn > tonumber(ARGV[6])) then return { 'stale' } end
end
local found = redis.call('HSCAN', KEYS[3], ARGV[2], 'COUNT', ARGV[3])
local reply = { 'ok', found[1] }
for at = 1, #found[2], 2 do reply[#reply + 1] = found[2][at] end
return reply
