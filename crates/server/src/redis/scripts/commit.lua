-- Takes what the owner of a session has to say: a sign of life, an acknowledgement, an executed frame with its answer.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 seal; 3 number and 4 revision of the session when the owner got it; 5 the number up to which the owner has
--   delivered, 6 the era in which that was; 7 most entries to return; 8 acknowledgement, or empty; 9 frames received before this
--   one, or empty: there is no frame; 10 kind of the answer, or empty: none; 11 its weight; 12 the answer; 13 '1': the
--   client has the key that went out on this socket; then fields and values.
--   An empty value removes the field; a field behind '?' must have the value already, or not be there where that is empty.
-- Replies: {'ok', time, era, number of the answer or 0, top, graves, notices that wait, {number, mail, …}, {receipt, …}}; {'done',
--   the same}: the frame was committed before; {'moved'}: a field has another value; {'fenced', farewell}: another owns the
--   session; {'lapsed'}: the lease is over; {'rewound', number}: Redis has lost a part of the session, and this one cannot go
--   on; {'full'}: the answer has no room. With 'moved' and 'full' nothing has changed but the acknowledgement.

local it = redis.call('HMGET', KEYS[1], 'seal', 'seen', 'ttl', 'received', 'top', 'kept', 'num', 'proved', 'era', 'unsure')
if is_another(it[1], ARGV[2]) then
  if is_rewound(ARGV[3], ARGV[4]) then return { 'rewound', it[7] } end
  return fenced(ARGV[2])
end
local delivered = tonumber(ARGV[5])
if delivered > tonumber(it[5]) or has_lost(ARGV[6], delivered)
  or (ARGV[9] ~= '' and tonumber(it[4]) < tonumber(ARGV[9])) then
  return { 'rewound', it[7] }
end
local now = clock()
if now >= tonumber(it[2]) + LEASE_MS then return { 'lapsed' } end
if it[9] ~= era() or it[10] then be_sure() end
if ARGV[13] == '1' and it[8] ~= era() then redis.call('HSET', KEYS[1], 'proved', era()) end
if ARGV[8] ~= '' then acknowledge(tonumber(ARGV[8])) end
local reply, answer = 'ok', 0
if ARGV[9] ~= '' and ARGV[9] ~= it[4] then
  reply = 'done'
else
  for at = 14, #ARGV, 2 do
    local field = string.match(ARGV[at], '^%?(.*)')
    if field and (redis.call('HGET', KEYS[1], field) or '') ~= ARGV[at + 1] then return { 'moved' } end
  end
  if ARGV[10] ~= '' then
    if not has_room(ARGV[10], tonumber(ARGV[11]), '') then return { 'full' } end
    answer = append(ARGV[10], ARGV[11], '', '- - -', ARGV[12], true)
  end
  for at = 14, #ARGV, 2 do
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
local missing = {}
if answer == 0 or answer > delivered + 1 then missing = entries_after(delivered, ARGV[7]) end
local is = redis.call('HMGET', KEYS[1], 'top', 'nn')
return { reply, now, era(), answer, is[1], redis.call('SCARD', KEYS[7]), is[2],
  missing, redis.call('LRANGE', KEYS[6], 0, -1) }
