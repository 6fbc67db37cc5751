-- Reads a session, for a claim.
--
-- KEYS: of a whole session.
-- ARGV: 1 time.
-- Replies: {time, {field, value, …}, number}; without fields there is no session. A client that has mail beyond the number has
--   seen what Redis has lost.

return { clock(), redis.call('HGETALL', KEYS[1]), text(sure_top()) }
