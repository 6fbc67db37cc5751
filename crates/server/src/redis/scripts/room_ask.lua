-- Asks for the version of a room, and for members that the room has lost: a replica that did not have its newest changes yet may
-- have taken the place of its server.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   and the others, which live on
-- ARGV  1  time; then pairs of an id and the version of this peer's last change, as its node knows it
-- Reply: { ver, members, id, id, … }: the peers whose entry is older, or not there

local ver, members = unpack(redis.call('HMGET', KEYS[1], 'ver', 'members'))
local reply = { tonumber(ver or '0'), tonumber(members or '0') }
for at = 2, #ARGV, 2 do
  local entry = redis.call('HGET', KEYS[2], ARGV[at])
  local last = entry and string.match(entry, '(%d+)%a+$')
  if not last or tonumber(last) < tonumber(ARGV[at + 1]) then reply[#reply + 1] = ARGV[at] end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 3600000) end
return reply
