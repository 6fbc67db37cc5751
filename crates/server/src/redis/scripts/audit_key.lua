-- Gives a day its key for the names of peers in the audit trail: the first one that a node drew.
--
-- KEYS: 1 the keys; the key of a day is KEYS[1]:DAY (string, 64 hexadecimal digits).
-- ARGV: 1 time; 2 the day, in days since 1970; 3 when its key expires, in milliseconds since 1970; 4 a key that the caller drew.
-- Replies: {key}; {} for a day whose key has expired, or that is more than a day ahead.

local left = tonumber(ARGV[3]) - clock()
if left <= 0 or left > 3 * 86400000 then return {} end
local name = KEYS[1] .. ':' .. ARGV[2]
redis.call('SET', name, ARGV[4], 'NX', 'PX', text(left))
return { redis.call('GET', name) }
