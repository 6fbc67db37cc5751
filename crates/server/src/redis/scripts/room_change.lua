-- Changes one peer's place in a room: join, leave, end, away or back. Repeating a call changes nothing, and a call that comes
-- after a later one of the same peer is ignored, so a node that was stopped in the middle can be finished by another.
--
-- KEYS (one slot), all of this room:
--   1  h  HASH  ver: version of the last change (microseconds of Redis's clock, or one more than the one before); floor: changes
--               up to this version may be forgotten; members: peers present or away; node:CHANNEL: members that the node with this channel owns; watch:CHANNEL: until when this
--               node watches the room for members of other regions, in milliseconds
--   2  e  HASH  id -> NUM OP TURN NODE STAY FORGOTTEN EVENTS, separated by spaces:
--               NUM, the session's number; OP, the number of its last join or leave here; TURN, the number of its last absence or
--               return; NODE, the channel of its owner, or -; STAY, the version at which its last stay began; FORGOTTEN, 1 where older events are
--               gone; EVENTS, VERSION+LETTERS with commas: j joined, al as au away, b back, d back with another description,
--               ll lc lo left
--   3  d  HASH  id -> description (JSON), of members only
--   4  v  ZSET  id -> version of its last change
--   5  i  ZSET  ids of the members that are present, all with score 0, for pages
--   6  a  SET   ids of the members that are away
--   7  t  ZSET  id -> version, peers whose last stay has ended
-- ARGV
--   1  time, in milliseconds; "": Redis's clock     2  what: join | leave | end | away | back
--   3  id    4  num: the session's number
--   5  op: the number of this join or leave, which grows within a session; 0 for a join: the room has lost what it knew of the
--      session, and every member lists it again
--   6  turn: the number of this absence or return, which grows within a session; a join carries that of the present ownership
--   7  channel of the calling node, which owns the session (join, back) and needs no bell
--   8  letters (leave, end, away); back: 1 where the session was away, whether or not the room knew of it
--   9  description, JSON (join, back)
--  10  deadline: a join that arrives later than this, in milliseconds, is refused; "": none
--  11  the room's name, for the bell
--  12  events kept of each peer      13  ended stays kept, beside as many as there are members
--  14  milliseconds after which an ended stay, or an empty room, is forgotten
-- Reply: { status, ver, members, own }; own: the version of this peer's last change, 0 without one
--   changed   the room has a new version        same   it is as asked already
--   late      a later call was here before      expired   the deadline is over

local h, e, d, v, i, a, t = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local what, id, num = ARGV[2], ARGV[3], tonumber(ARGV[4])
local op, turn, node, letters = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
local FINAL = 9007199254740991
local ROOM_LIFE_MS = 3600000

local micros
if ARGV[1] == '' then
  local time = redis.call('TIME')
  micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
else
  micros = tonumber(ARGV[1]) * 1000
end

local entry = { num = 0, op = 0, turn = 0, node = '-', stay = 0, forgotten = '0', events = '' }
local head = redis.call('HGET', e, id)
if head then
  local n, o, u, w, s, f, ev = string.match(head, '^(%d+) (%d+) (%d+) (%S+) (%d+) (%d) (%S+)$')
  if not n then return redis.error_reply('SIGNALPOST entry') end
  entry = { num = tonumber(n), op = tonumber(o), turn = tonumber(u), node = w, stay = tonumber(s), forgotten = f, events = ev }
end
local last_version, last = string.match(entry.events, '(%d+)(%a+)$')
local in_stay = last ~= nil and string.sub(last, 1, 1) ~= 'l'
local is_away = in_stay and string.sub(last, 1, 1) == 'a'

local ver = tonumber(redis.call('HGET', h, 'ver') or '0')
local members = tonumber(redis.call('HGET', h, 'members') or '0')
local changed = false

local function reply(status)
  local own = string.match(entry.events, '(%d+)%a+$')
  return { status, ver, members, tonumber(own or '0') }
end

local function event(which)
  ver = math.max(ver + 1, micros)
  entry.events = (entry.events == '' and '' or entry.events .. ',') .. text(ver) .. which
  changed = true
end

local function own_by(owner)
  if entry.node == owner then return end
  if entry.node ~= '-' and redis.call('HINCRBY', h, 'node:' .. entry.node, -1) <= 0 then
    redis.call('HDEL', h, 'node:' .. entry.node)
  end
  if owner ~= '-' then redis.call('HINCRBY', h, 'node:' .. owner, 1) end
  entry.node = owner
end

local function leave(which)
  event(which)
  own_by('-')
  members = members - 1
  redis.call('HDEL', d, id)
  redis.call('ZREM', i, id)
  redis.call('SREM', a, id)
  redis.call('ZADD', t, text(ver), id)
end

local function be_present()
  redis.call('SREM', a, id)
  redis.call('ZADD', i, 0, id)
end

if what == 'join' then
  if ARGV[10] ~= '' and micros > tonumber(ARGV[10]) * 1000 then return reply('expired') end
  local again = op == 0 and num == entry.num
  if again and in_stay then return reply('same') end
  if again and entry.op < FINAL then op = entry.op end
  if num < entry.num or (num == entry.num and op < entry.op) then return reply('late') end
  if num == entry.num and op == entry.op and not in_stay and not again then return reply('late') end
  if num > entry.num and in_stay then
    leave('lo')
    in_stay = false
  end
  if num > entry.num then entry.turn = 0 end
  entry.num, entry.op = num, op
  if not in_stay then
    event('j')
    entry.stay, entry.turn = ver, math.max(turn, entry.turn)
    members = members + 1
    own_by(node)
    be_present()
    redis.call('ZREM', t, id)
    redis.call('HSET', d, id, ARGV[9])
  end
elseif what == 'end' and num > entry.num then
  -- A join of this session that is still on its way comes too late.
  if in_stay then
    leave('lo')
  else
    event(letters)
    redis.call('ZADD', t, text(ver), id)
  end
  entry.num, entry.op, entry.turn = num, FINAL, 0
elseif not head or num ~= entry.num then
  return reply(head and 'late' or 'same')
elseif what == 'leave' or what == 'end' then
  if what == 'leave' and op < entry.op then return reply('late') end
  entry.op = what == 'end' and FINAL or op
  if in_stay then leave(letters) end
elseif not in_stay or turn < entry.turn then
  return reply('late')
elseif what == 'away' then
  entry.turn = turn
  own_by('-')
  if not is_away then
    event(letters)
    redis.call('ZREM', i, id)
    redis.call('SADD', a, id)
  end
elseif what == 'back' then
  entry.turn = turn
  own_by(node)
  local is_new = redis.call('HGET', d, id) ~= ARGV[9]
  if is_new then redis.call('HSET', d, id, ARGV[9]) end
  if is_away then
    event(is_new and 'd' or 'b')
    be_present()
  elseif is_new and letters == '1' then
    event('d')
  end
else
  return redis.error_reply('SIGNALPOST what')
end

local _, count = string.gsub(entry.events, ',', ',')
for _ = 1, count + 1 - tonumber(ARGV[12]) do
  entry.events = string.match(entry.events, ',(.*)$')
  entry.forgotten = '1'
end
redis.call('HSET', e, id, table.concat({ text(entry.num), text(entry.op), text(entry.turn), entry.node, text(entry.stay),
  entry.forgotten, entry.events }, ' '))
if not changed then return reply('same') end

redis.call('ZADD', v, text(ver), id)
if what == 'join' and (ARGV[5] == '0' or redis.call('HEXISTS', h, 'ver') == 0) then
  -- A member that knew a room of this name knew another one.
  redis.call('HSET', h, 'floor', text(ver))
end
redis.call('HSET', h, 'ver', text(ver), 'members', members)
local spare = redis.call('ZCARD', t) - members - tonumber(ARGV[13])
local stays = redis.call('ZRANGE', t, 0, 7, 'WITHSCORES')
for n = 1, #stays, 2 do
  local ended = tonumber(stays[n + 1])
  if stays[n] == id or (spare <= 0 and micros - ended < tonumber(ARGV[14]) * 1000) then break end
  spare = spare - 1
  redis.call('ZREM', t, stays[n])
  redis.call('ZREM', v, stays[n])
  redis.call('HDEL', e, stays[n])
  if ended > tonumber(redis.call('HGET', h, 'floor') or '0') then redis.call('HSET', h, 'floor', text(ended)) end
end
-- As long as a node has members here it asks every few seconds, which renews this.
local life = members == 0 and ARGV[14] or text(math.max(ROOM_LIFE_MS, tonumber(ARGV[14])))
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, life) end
local heads, rung = redis.call('HGETALL', h), { [node] = true }
for n = 1, #heads, 2 do
  local kind, owner = string.match(heads[n], '^(%a+):(.+)$')
  if kind == 'watch' and tonumber(heads[n + 1]) * 1000 < micros then
    redis.call('HDEL', h, heads[n])
  elseif owner and not rung[owner] then
    rung[owner] = true
    redis.call('PUBLISH', owner, 'r\n' .. ARGV[11] .. '\n' .. text(ver))
  end
end
return reply('changed')
