-- Writes when the sessions of one shard are to be looked at.
--
-- KEYS: 1 leases, 2 windows.
-- ARGV: 1 time; then triples of what, peer and milliseconds: 'lease': connected, for so long from now; 'renew': the same, if
--   that is later than what is there and the peer is not away; 'ahead': the same, for a session that is about to begin;
--   'window': away, for so long from now; 'until' and 'window-until': the same, until this time; 'end': ended, at this time: what
--   was written before goes; 'later': wherever it is due, it is looked at so much later.
-- Replies: {'ok'}.

local now = clock()
for at = 2, #ARGV, 3 do
  local what, peer, value = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  if what == 'lease' or what == 'until' then
    redis.call('ZADD', KEYS[1], text(what == 'until' and value or now + value), peer)
    redis.call('ZREM', KEYS[2], peer)
  elseif what == 'ahead' or (what == 'renew' and not redis.call('ZSCORE', KEYS[2], peer)) then
    redis.call('ZADD', KEYS[1], 'GT', text(now + value), peer)
  elseif what == 'window' or what == 'window-until' then
    redis.call('ZADD', KEYS[2], text(what == 'window' and now + value or value), peer)
    redis.call('ZREM', KEYS[1], peer)
  elseif what == 'later' then
    for _, key in ipairs(KEYS) do
      local at = redis.call('ZSCORE', key, peer)
      if at and tonumber(at) <= now then redis.call('ZADD', key, text(now + value), peer) end
    end
  elseif what == 'end' then
    -- A session that has begun since is planned for later than this, or gives its next sign of life.
    local lease, window = redis.call('ZSCORE', KEYS[1], peer), redis.call('ZSCORE', KEYS[2], peer)
    if lease and tonumber(lease) <= value + LEASE_MS then redis.call('ZREM', KEYS[1], peer) end
    if window and tonumber(window) <= value then redis.call('ZREM', KEYS[2], peer) end
  end
end
return { 'ok' }
