-- Reads a session, for a claim.
--
-- KEYS: of a whole session.
-- ARGV: 1 time.
-- Replies: {time, {field, value, …}, number, last, proved}; without fields there is no session. A client that has mail beyond the
--   number has seen what Redis has lost. `last` is the number of the last session that has ended, or 0. Not proved (0): the client
--   may have a newer key, which Redis has lost or another session gave to it.

local proved = redis.call('HGET', KEYS[1], 'proved') == era() and 1 or 0
return { clock(), redis.call('HGETALL', KEYS[1]), text(sure_top()), redis.call('GET', KEYS[8]) or '0', proved }
