-- Puts mail from elsewhere into a mailbox, once.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 source, 3 its session number, 4 the number of this mail there: mail with a number up to the last one of this
--   source and session was taken before; 5 kind; 6 weight; 7 sender of a relay, or empty; 8 unheard ('u' or '-');
--   9 the sender's session and 10 the reference of the receipt that it wants, or '-' twice; 11 the session that it is for, or
--   empty for any; 12 lowest version of that session; 13 mail; then pairs of a room and a version: the newest news of the sender
--   in that room, which a member of it must have before.
-- Replies: {'ok', number}; {'dup'}: it was taken before; {'gone'}: there is no such session; {'old'}: its version is too low;
--   {'busy', session}: no room; {'stale'}: a later session of the source was here; {'behind', room, seat, session, version}: the member gets the news of the sender first.

local now = clock()
local it = redis.call('HMGET', KEYS[1], 'num', 'state', 'version', 'seen', 'due', 'ttl', 'turned')
if not it[1] or (ARGV[11] ~= '' and ARGV[11] ~= it[1]) then return { 'gone' } end
local version = tonumber(it[3])
local until_ms = it[2] == 'a' and tonumber(it[5]) or tonumber(it[4]) + LEASE_MS
if (it[2] == 'a' or version < 2) and now >= until_ms then return { 'gone' } end
if version < tonumber(ARGV[12]) then return { 'old' } end

-- Most sources of one time.
local MAX_SOURCES = 4096
-- What a source may still send again is in one of the two.
if now - tonumber(it[7]) >= tonumber(it[6]) then
  if redis.call('EXISTS', KEYS[3]) == 1 then
    redis.call('RENAME', KEYS[3], KEYS[4])
  else
    redis.call('DEL', KEYS[4])
  end
  redis.call('HSET', KEYS[1], 'turned', text(now))
end
local last = redis.call('HGET', KEYS[3], ARGV[2]) or redis.call('HGET', KEYS[4], ARGV[2])
if last then
  local session, number = string.match(last, '(%d+) (%d+)')
  session, number = tonumber(session), tonumber(number)
  if tonumber(ARGV[3]) < session then return { 'stale' } end
  if tonumber(ARGV[3]) == session and tonumber(ARGV[4]) <= number then return { 'dup' } end
end

for at = 14, #ARGV, 2 do
  -- A seat: the version up to which the member has the news, that of its own last change, that of its first list, and the peers
  -- whose news it has ahead of its turn (JSON). A member that is about to enter has no own version.
  local seat = redis.call('HGET', KEYS[1], 'room:' .. ARGV[at])
  if seat then
    local told, own, ahead = string.match(seat, '^(%d+) (%d+) %d+ ?(.*)$')
    local version = tonumber(ARGV[at + 1])
    if own ~= '0' and tonumber(told) < version
      and (ahead == '' or (cjson.decode(ahead)[ARGV[7]] or 0) < version) then
      return { 'behind', ARGV[at], seat, it[1], it[3] }
    end
  end
end

-- A flood of new senders does not fill the memory with their numbers.
local is_new = not last and ARGV[5] == 'r' and redis.call('HLEN', KEYS[3]) >= MAX_SOURCES
if is_new or not has_room(ARGV[5], tonumber(ARGV[6]), ARGV[7]) then return { 'busy', it[1] } end
local about = ARGV[8] .. ' ' .. ARGV[9] .. ' ' .. ARGV[10]
local seq = append(ARGV[5], ARGV[6], ARGV[7], about, ARGV[13])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3] .. ' ' .. ARGV[4])
if redis.call('HLEN', KEYS[3]) == 1 then redis.call('PEXPIRE', KEYS[3], it[6]) end
return { 'ok', seq }
