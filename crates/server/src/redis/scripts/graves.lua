-- Reads what the first ended session of a peer has left.
--
-- KEYS: of a whole session.
-- ARGV: 1 time.
-- Replies: {} if there is none, else {number, {field, value, …}, {number, head, sender, …}, {receipt, …}}; head is kind, weight,
--   'u' and the session of the sender or '-', session and reference of the receipt.

local number = redis.call('SMEMBERS', KEYS[7])[1]
if not number then return {} end
local grave = KEYS[7] .. ':' .. number .. ':'
local mail = {}
for _, entry in ipairs(redis.call('XRANGE', grave .. 'm', '-', '+')) do
  mail[#mail + 1] = string.sub(entry[1], 3)
  mail[#mail + 1] = entry[2][2]
  mail[#mail + 1] = entry[2][4]
end
return { number, redis.call('HGETALL', grave .. 's'), mail, redis.call('LRANGE', grave .. 'r', 0, -1) }
