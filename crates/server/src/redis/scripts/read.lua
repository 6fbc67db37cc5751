-- Reads a session, for a claim.
--
-- KEYS: of a whole session.
-- ARGV: 1 time.
-- Replies: {time, {field, value, …}}; without fields there is no session.

return { clock(), redis.call('HGETALL', KEYS[1]) }
