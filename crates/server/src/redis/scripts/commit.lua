-- Takes what the owner of a session has to say: a sign of life, an acknowledgement, an executed frame with its answer.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 seal; 3 the number up to which the owner has delivered, 4 most entries to return; 5 acknowledgement, or
--   empty; 6 frames received before this one, or empty: there is no frame; 7 kind of the answer, or empty: none; 8 its weight;
--   9 the answer; then fields and values. An empty value removes the field; a field behind '?' must have the value already, or
--   not be there where that is empty.
-- Replies: {'ok', number of the answer or 0, top, graves, notices that wait, {number, mail, …}, {receipt, …}}; {'done', the
--   same}: the frame was committed before; {'moved'}: a field has another value; {'fenced', farewell}: another owns the
--   session; {'lapsed'}: the lease is over; {'rewound'}: Redis has lost a part of the session; {'full'}: the answer has no room. With 'moved' and 'full' nothing has changed but the acknowledgement.

local it = redis.call('HMGET', KEYS[1], 'seal', 'seen', 'ttl', 'received', 'top', 'kept')
if it[1] ~= ARGV[2] then return fenced(ARGV[2]) end
-- A replica that was promoted may lack what its primary has confirmed: the session is not what its client has seen of it.
if tonumber(ARGV[3]) > tonumber(it[5]) or (ARGV[6] ~= '' and tonumber(it[4]) < tonumber(ARGV[6])) then return { 'rewound' } end
local now = clock()
if now >= tonumber(it[2]) + LEASE_MS then return { 'lapsed' } end
if ARGV[5] ~= '' then acknowledge(tonumber(ARGV[5])) end
local reply, answer = 'ok', 0
if ARGV[6] ~= '' and ARGV[6] ~= it[4] then
  reply = 'done'
else
  for at = 10, #ARGV, 2 do
    local field = string.match(ARGV[at], '^%?(.*)')
    if field and (redis.call('HGET', KEYS[1], field) or '') ~= ARGV[at + 1] then return { 'moved' } end
  end
  if ARGV[7] ~= '' then
    if not has_room(ARGV[7], tonumber(ARGV[8]), '') then return { 'full' } end
    answer = append(ARGV[7], ARGV[8], '', '- - -', ARGV[9])
  end
  for at = 10, #ARGV, 2 do
    if string.sub(ARGV[at], 1, 1) == '?' then
      -- It was compared above.
    elseif ARGV[at + 1] == '' then
      redis.call('HDEL', KEYS[1], ARGV[at])
    else
      redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
    end
  end
end
if now > tonumber(it[2]) then redis.call('HSET', KEYS[1], 'seen', text(now)) end
-- Not with each frame.
if now - tonumber(it[6] or 0) >= 2000 then
  keep(it[3])
  redis.call('HSET', KEYS[1], 'kept', text(now))
end
-- The owner has its answer itself.
local delivered, missing = tonumber(ARGV[3]), {}
if answer == 0 or answer > delivered + 1 then missing = entries_after(delivered, ARGV[4]) end
local is = redis.call('HMGET', KEYS[1], 'top', 'nn')
return { reply, answer, is[1], redis.call('SCARD', KEYS[7]), is[2],
  missing, redis.call('LRANGE', KEYS[6], 0, -1) }
