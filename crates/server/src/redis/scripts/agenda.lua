-- Reads which sessions of one shard time has made due.
--
-- KEYS: 1 leases, 2 windows (sorted sets: peers by the time at which they are to be looked at).
-- ARGV: 1 time; 2 most peers of each.
-- Replies: {time, number of leases, number of windows, {peer, …}}.

local now = clock()
local due = {}
for at = 1, 2 do
  for _, peer in ipairs(redis.call('ZRANGE', KEYS[at], '-inf', text(now), 'BYSCORE', 'LIMIT', 0, ARGV[2])) do due[#due + 1] = peer end
end
return { now, redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2]), due }
