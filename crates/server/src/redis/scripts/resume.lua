-- Gives a session to another socket, if all is as the claim has read it. The former owner gets a bell.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 number and revision that were read ('num:rev'); 3 channel of the node, 4 seal; 5 the number up to which the
--   client has everything; 6 most entries to return; 7 the key that was read as the next; then fields and values.
-- Replies: {'ok', era, state, graves, {number, mail, …}, {receipt, …}}, the fields as they are now and the mail behind ARGV[5];
--   {'conflict'}: read again.

local there = redis.call('HMGET', KEYS[1], 'num', 'rev', 'seal', 'node', 'floor', 'ttl', 'state', 'next')
local position = tonumber(ARGV[5])
if there[3] ~= ARGV[4] then
  if (there[1] and there[1] .. ':' .. there[2] or '') ~= ARGV[2] or tonumber(there[5]) > position
    or (there[8] or '') ~= ARGV[7] or position > sure_top() then
    return { 'conflict' }
  end
  ring(there[4], 'f', there[3], 'replaced')
  redis.call('HSET', KEYS[1], 'node', ARGV[3], 'seal', ARGV[4], 'former', there[3], 'farewell', 'replaced', 'state', 'c',
    'leaving', 0, 'seen', text(clock()), 'kept', text(clock()), 'due', 0)
  if there[7] == 'a' then redis.call('HSET', KEYS[1], 'untold', 1) end
  for at = 8, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
  redis.call('HINCRBY', KEYS[1], 'rev', 1)
  be_sure()
  acknowledge(position)
  keep(there[6])
end
return { 'ok', era(), redis.call('HGETALL', KEYS[1]), redis.call('SCARD', KEYS[7]), entries_after(position, ARGV[6]),
  redis.call('LRANGE', KEYS[6], 0, -1) }
