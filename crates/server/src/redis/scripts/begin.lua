-- Begins a session, if all is as the claim has read it. A session that was there ends.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 number and revision of the session that was read ('num:rev'), or empty: none; 3 farewell for its socket;
--   4 the time after which nobody waits for this any more, or empty; 5 channel of the node, 6 seal; 7 life of the keys in
--   milliseconds; 8 the number of the peer's last session in any region, or 0; then fields and values.
-- Replies: {'ok', number, era, graves}; {'conflict'}: read again.

local there = redis.call('HMGET', KEYS[1], 'num', 'rev', 'seal')
-- A call that is repeated because its reply was lost.
if there[3] == ARGV[6] then return { 'ok', there[1], era(), redis.call('SCARD', KEYS[7]) } end
if ARGV[4] ~= '' and clock() > tonumber(ARGV[4]) then return { 'conflict' } end
if (there[1] and there[1] .. ':' .. there[2] or '') ~= ARGV[2] then return { 'conflict' } end
local former = math.max(tonumber(there[1] or redis.call('GET', KEYS[8]) or 0), tonumber(ARGV[8]))
if there[1] then bury('lost', ARGV[3]) end
local time = redis.call('TIME')
local number = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), former + 1)
local now = text(clock())
redis.call('HSET', KEYS[1], 'num', text(number), 'rev', 1, 'node', ARGV[5], 'seal', ARGV[6], 'ttl', ARGV[7], 'state', 'c',
  'leaving', 0, 'seen', now, 'kept', now, 'due', 0, 'turned', now, 'top', 0, 'floor', 0, 'era', era(), 'received', 0,
  'gap_after', 0, 'gaps', 0, 'rn', 0, 'rb', 0, 'nn', 0, 'nb', 0, 'an', 0, 'ab', 0)
for at = 9, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
-- In place of another session its client may have newer keys of that one than the claim: see read.lua.
if (redis.call('HGET', KEYS[1], 'in_place_of') or '') == '' then redis.call('HSET', KEYS[1], 'proved', era()) end
redis.call('DEL', KEYS[8])
keep(ARGV[7])
return { 'ok', text(number), era(), redis.call('SCARD', KEYS[7]) }
