-- Adds to a list for discovery, or removes from it.
--
-- KEYS: 1 the list (sorted set, every score 0).   ARGV: 1 time; 2 'add' or 'remove'; then entries: id, a zero byte, number of the
--   session. So an entry of a former session can be removed whenever it is found. The list lives for an hour; nodes with sessions in
--   it renew that (list_keep.lua).
-- Replies: {'ok'}.

for at = 3, #ARGV do
  if ARGV[2] == 'add' then
    redis.call('ZADD', KEYS[1], 0, ARGV[at])
  else
    redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
if ARGV[2] == 'add' then redis.call('PEXPIRE', KEYS[1], 3600000) end
return { 'ok' }
