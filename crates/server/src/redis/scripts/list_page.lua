-- Reads entries of a list for discovery, by id.
--
-- KEYS: 1 the list (sorted set, every score 0; entries as in list_change.lua).
-- ARGV: 1 time; 2 the id behind which the page begins, or empty; 3 most entries.
-- Replies: {entry, …}.

local from = ARGV[2] == '' and '-' or '(' .. ARGV[2] .. '\0\255'
return redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, tonumber(ARGV[3]))
