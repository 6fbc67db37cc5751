-- Says whether mail that was put into a mailbox is still part of it, or was acknowledged there: Redis may have lost it.
--
-- KEYS: 1 the session (hash).
-- ARGV: 1 time; 2 number of the session; 3 the era in which the mail was put there, 4 its number.
-- Replies: {'same'}: that era goes on; {'kept'}; {'lost'}: this session has lost it; {'over'}: the session is over.

if era() == ARGV[3] then return { 'same' } end
local it = redis.call('HMGET', KEYS[1], 'num', 'era', 'top', 'past')
if it[1] ~= ARGV[2] then return { 'over' } end
local top = it[2] == ARGV[3] and it[3] or string.match(' ' .. (it[4] or ''), ' ' .. ARGV[3] .. ':(%d+)')
if not top or tonumber(ARGV[4]) > tonumber(top) then return { 'lost' } end
return { 'kept' }
