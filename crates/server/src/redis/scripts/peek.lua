-- Reads how it stands with a session.
--
-- KEYS: 1 the session (hash).   ARGV: 1 time.
-- Replies: {'connected', number, description, bytes of answers that wait}; {'away', number}; {'lapsed', number}: its lease is over
--   and nobody has taken note of it; {'none'}: there is no session.

local it = redis.call('HMGET', KEYS[1], 'num', 'state', 'seen', 'info', 'ab')
if not it[1] then return { 'none' } end
if it[2] == 'a' then return { 'away', it[1] } end
if clock() >= tonumber(it[3]) + LEASE_MS then return { 'lapsed', it[1] } end
return { 'connected', it[1], it[4], it[5] }
