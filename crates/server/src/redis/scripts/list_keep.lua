-- Puts entries into a list for discovery again, if they are not there, lets the list live on, and picks some entries at random,
-- whose sessions may be over without anybody's having said so.
--
-- KEYS: 1 the list (sorted set, every score 0; entries as in list_change.lua).
-- ARGV: 1 time; 2 most picks; then entries.
-- Replies: {entry, …}: the picks.

for at = 3, #ARGV do redis.call('ZADD', KEYS[1], 0, ARGV[at]) end
redis.call('PEXPIRE', KEYS[1], 3600000)
return redis.call('ZRANDMEMBER', KEYS[1], ARGV[2])
