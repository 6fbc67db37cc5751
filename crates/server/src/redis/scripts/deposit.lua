-- Says whether mail that was put into a mailbox is still part of it, or was acknowledged there: Redis may have lost it.
--
-- KEYS: 1 the session (hash).
-- ARGV: 1 time; 2 number of the session; 3 the era in which the mail was put there, 4 its number.
-- Replies: {'same'}: that era goes on; {'kept'}; {'lost'}: this session has lost it; {'over'}: the session is over.

if era() == ARGV[3] then return { 'same' } end
if redis.call('HGET', KEYS[1], 'num') ~= ARGV[2] then return { 'over' } end
local top = top_of(ARGV[3])
if not top or tonumber(ARGV[4]) > top then return { 'lost' } end
return { 'kept' }
