-- Does what time makes due for one session: ends its lease or its window.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 the window in milliseconds.
-- Replies: {'none', graves, time}; {'connected', end of the lease}; {'away', end of the window, 1 if its rooms do not know};
--   {'ended', number, time}.

local it = redis.call('HMGET', KEYS[1], 'state', 'version', 'seen', 'due', 'ttl', 'node', 'seal')
local now = clock()
if not it[1] then return { 'none', redis.call('SCARD', KEYS[7]), now } end
if it[1] == 'a' then
  if now < tonumber(it[4]) then return { 'away', tonumber(it[4]), redis.call('HEXISTS', KEYS[1], 'untold') } end
  return { 'ended', bury('lost', ''), now }
end
local lease, window = tonumber(it[3]) + LEASE_MS, tonumber(ARGV[2])
if now < lease then return { 'connected', lease } end
if tonumber(it[2]) < 2 or now >= lease + window then return { 'ended', bury('lost', 'expired'), now } end
ring(it[6], 'f', it[7], 'expired')
redis.call('HSET', KEYS[1], 'state', 'a', 'away', 'silent', 'due', text(now + window), 'node', '', 'seal', '', 'former', it[7],
  'farewell', 'expired', 'untold', 1)
redis.call('HINCRBY', KEYS[1], 'rev', 1)
keep(it[5])
return { 'away', now + window, 1 }
