-- Reads a session, for a claim.
--
-- KEYS: of a whole session.
-- ARGV: 1 time.
-- Replies: {time, {field, value, …}, number of the last session that has ended, or 0}; without fields there is no session.

return { clock(), redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[8]) or '0' }
