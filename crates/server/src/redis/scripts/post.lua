-- Puts a relay into a mailbox, once. What becomes of it is written down under the number of its source: a call that comes again,
-- or late, changes nothing and has the same reply.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 source, 3 its session number, 4 the number of this mail there; 5 weight; 6 sender; 7 unheard ('u' and ARGV[3], or '-');
--   8 the sender's session and 9 the reference of the receipt that it wants, or '-' twice; 10 lowest version of the session;
--   11 the time after which nobody waits for it any more, or empty; 12 '1': where news have to come first, there is no room;
--   13 the era in which the sender's session was seen last, or empty: it is on another server; 14 the room for whose members
--   it is, or empty; 15 mail; then pairs of the field of a seat and a version: the newest news of the sender in that room, which a
--   member of it must have before.
-- Replies: {'ok'}, in a mailbox of version 2 with the number of its session, the era and the number up to which mail is there;
--   {'late', time}; {'turned'}: Redis may have lost a part of the sender's session; {'gone'}: there is no such session; {'old'}: its
--   version is too low; {'outside'}: this session is not in the room; {'busy'}: no room; {'stale'}: later mail of the source was
--   here; {'behind', pair, seat, session, version}: the member gets the news of the sender first, in the room of this pair, counted
--   from 0.

local now = clock()
if ARGV[11] ~= '' and now > tonumber(ARGV[11]) then return { 'late', now } end
if ARGV[13] ~= '' and ARGV[13] ~= era() then return { 'turned' } end
local it = redis.call('HMGET', KEYS[1], 'num', 'state', 'version', 'seen', 'due', 'ttl', 'turned')
if not it[1] then return { 'gone' } end
local version = tonumber(it[3])
local until_ms = it[2] == 'a' and tonumber(it[5]) or tonumber(it[4]) + LEASE_MS
if (it[2] == 'a' or version < 2) and now >= until_ms then return { 'gone' } end

turn_sources(now, it[7], it[6], LAST)
local session, number, outcome = last_of(ARGV[2])
local own_session, own_number = tonumber(ARGV[3]), tonumber(ARGV[4])
if session and (own_session < session or (own_session == session and own_number < number)) then return { 'stale' } end
local function reply(became)
  if became ~= 'ok' or version < 2 then return { became } end
  return { became, it[1], era(), redis.call('HGET', KEYS[1], 'top') }
end

if session == own_session and number == own_number then return reply(outcome) end
-- A flood of new senders does not fill the memory with their numbers.
if not session and redis.call('HLEN', KEYS[3]) >= MAX_SOURCES then return { 'busy' } end

local function conclude(became)
  note_source(ARGV[2], ARGV[3], ARGV[4], became, it[6])
  return reply(became)
end

-- Whether a member has the news of the sender up to a version. Its seat has: the version up to which the member has all news, that
-- of its own last change, that of its first list, and the peers whose news it has ahead of its turn (JSON). A member that is about
-- to enter has no own version. A member whose seat cannot be read has no news: the caller finds out why.
local function has_news(seat, news)
  local told, own, ahead = string.match(seat, '^(%d+) (%d+) %d+ ?(.*)$')
  if not told then return false end
  if own == '0' or tonumber(told) >= news then return true end
  if ahead == '' then return false end
  local is_read, known = pcall(function() return tonumber(cjson.decode(ahead)[ARGV[6]]) end)
  return is_read and known and known >= news
end

if version < tonumber(ARGV[10]) then return conclude('old') end
-- A session may be over, and its peer still among those in the room, when the peer's next session is here.
if ARGV[14] ~= '' and redis.call('HEXISTS', KEYS[1], 'room:' .. ARGV[14]) == 0 then return { 'outside' } end
for at = 16, #ARGV, 2 do
  local seat = redis.call('HGET', KEYS[1], ARGV[at])
  if seat and not has_news(seat, tonumber(ARGV[at + 1])) then
    if ARGV[12] == '1' then return conclude('busy') end
    return { 'behind', (at - 16) / 2, seat, it[1], it[3] }
  end
end
if not has_room('r', tonumber(ARGV[5]), ARGV[6]) then return conclude('busy') end
append('r', ARGV[5], ARGV[6], ARGV[7] .. ' ' .. ARGV[8] .. ' ' .. ARGV[9], ARGV[15])
return conclude('ok')
