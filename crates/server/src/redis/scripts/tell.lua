-- Tells a member the news of one room: puts mail into its mailbox and moves its seats in the parts of the room, all or nothing. The
-- seats are compared with what the caller has read, so that no node tells a member the same news twice.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 number of the member's session; 3 seal of its owner, or empty for another node; 4 notices from which on the
--   mailbox takes no more; 5 kind of the mail: 'n' or 'a'; 6 number of seats; then of each seat its field, the seat as it was read,
--   empty: none, and the seat from now on; then pairs of weight and mail.
-- Replies: {'ok', notices that wait, number of the last mail or 0, time, era}; {'moved', each seat as it is}; {'full', notices that
--   wait}: nothing has changed; {'gone'}: this session is over, or another owns it.

local fields, mail = {}, 7 + 3 * tonumber(ARGV[6])
for at = 7, mail - 1, 3 do fields[#fields + 1] = ARGV[at] end
local it = redis.call('HMGET', KEYS[1], 'num', 'seal', 'nn', unpack(fields))
if it[1] ~= ARGV[2] or (ARGV[3] ~= '' and ARGV[3] ~= it[2]) then return { 'gone' } end
local moved, seats = false, { 'moved' }
for n = 1, #fields do
  seats[n + 1] = it[n + 3] or ''
  moved = moved or seats[n + 1] ~= ARGV[5 + 3 * n]
end
if moved then return seats end
local notices, count = tonumber(it[3]), (#ARGV - mail + 1) / 2
if ARGV[5] == 'n' then
  if count > 0 and (notices >= tonumber(ARGV[4]) or notices + count > MAX_NOTICES) then return { 'full', notices } end
else
  for at = mail, #ARGV, 2 do
    if not has_room(ARGV[5], tonumber(ARGV[at]), '') then return { 'full', notices } end
  end
end
local last = 0
for at = mail, #ARGV, 2 do last = append(ARGV[5], ARGV[at], '', '- - -', ARGV[at + 1], ARGV[3] ~= '') end
for n = 1, #fields do redis.call('HSET', KEYS[1], fields[n], ARGV[6 + 3 * n]) end
return { 'ok', redis.call('HGET', KEYS[1], 'nn'), last, clock(), era() }
