-- Forgets what was left to do and is done.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 the number of a grave, or empty; 3 the revision whose standing the rooms know, or empty; then receipts.
-- Replies: {'ok'}.

if ARGV[2] ~= '' then
  local grave = KEYS[7] .. ':' .. ARGV[2] .. ':'
  redis.call('DEL', grave .. 's', grave .. 'm', grave .. 'r')
  redis.call('SREM', KEYS[7], ARGV[2])
end
if ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'rev') == ARGV[3] then redis.call('HDEL', KEYS[1], 'untold') end
for at = 4, #ARGV do redis.call('LREM', KEYS[6], 1, ARGV[at]) end
return { 'ok' }
