-- Reads how long leases last, as far as the agenda of one shard says.
--
-- KEYS: 1 leases (sorted set).   ARGV: 1 time; then peers.
-- Replies: {milliseconds, …} in the order of the peers; 0: the lease is over, or there is none.

local now, rest = clock(), {}
for at = 2, #ARGV do
  local lease = redis.call('ZSCORE', KEYS[1], ARGV[at])
  rest[#rest + 1] = math.max(0, tonumber(lease or '0') - now)
end
return rest
