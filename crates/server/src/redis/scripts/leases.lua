-- Finds the peers whose lease is over, as far as the agenda of one shard says.
--
-- KEYS: 1 leases (sorted set).   ARGV: 1 time; then peers.
-- Replies: {peer, …}.

local now, over = clock(), {}
for at = 2, #ARGV do
  local lease = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if not lease or tonumber(lease) <= now then over[#over + 1] = ARGV[at] end
end
return over
