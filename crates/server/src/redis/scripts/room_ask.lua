-- Asks for the version of a room, for members that the room has lost (a replica that did not have its newest changes yet may have
-- taken the place of its server), and for some members picked at random, whose sessions may be over without anybody's having said so.
--
-- KEYS (one slot), as in room_change.lua:  1  h   2  e   5  i   6  a   and the others, which live on
-- ARGV  1  time   2  most picks of each kind   3  milliseconds after which a peer that is away must have left
--   4  channel of a node that watches the room for members of other regions, and 5  for how many milliseconds; or empty
--   then pairs of an id and the version of this peer's last change, as its node knows it
-- Reply: { ver, members, { id, id, … }, { id, session, kind, … } }: the peers whose entry is older, or not there; and the picks: 'a'
--   one that has been away for too long, 'p' one that is present

local ver, members = unpack(redis.call('HMGET', KEYS[1], 'ver', 'members'))
if ARGV[4] ~= '' then
  if not ver then
    -- What is added later is later than what the watchers know.
    ver, members = text(math.max(clock() * 1000, 1)), '0'
    redis.call('HSET', KEYS[1], 'ver', ver, 'floor', ver, 'members', members)
  end
  redis.call('HSET', KEYS[1], 'watch:' .. ARGV[4], text(clock() + tonumber(ARGV[5])))
end
local lost, picks = {}, {}
for at = 6, #ARGV, 2 do
  local entry = redis.call('HGET', KEYS[2], ARGV[at])
  local last = entry and string.match(entry, '(%d+)%a+$')
  if not last or tonumber(last) < tonumber(ARGV[at + 1]) then lost[#lost + 1] = ARGV[at] end
end
local function pick(ids, kind, until_version)
  for _, id in ipairs(ids) do
    local session, last = string.match(redis.call('HGET', KEYS[2], id) or '', '^(%d+) .-(%d+)%a+$')
    if session and tonumber(last) < until_version then
      for _, it in ipairs({ id, session, kind }) do picks[#picks + 1] = it end
    end
  end
end
pick(redis.call('SRANDMEMBER', KEYS[6], ARGV[2]), 'a', (clock() - tonumber(ARGV[3])) * 1000)
pick(redis.call('ZRANDMEMBER', KEYS[5], ARGV[2]), 'p', math.huge)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 3600000) end
return { tonumber(ver or '0'), tonumber(members or '0'), lost, picks }
