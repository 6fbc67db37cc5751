-- Tells a member the news of one room: puts mail into its mailbox and moves its seat, both or neither. The seat is compared with
-- what the caller has read, so that no node tells a member the same news twice.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 number of the member's session; 3 seal of its owner, or empty for another node; 4 field of the seat; 5 the
--   seat as it was read, empty: none; 6 the seat from now on; 7 notices from which on the mailbox takes no more; 8 kind of the
--   mail: 'n' or 'a'; then pairs of weight and mail.
-- Replies: {'ok', notices that wait, number of the last mail or 0, time, era}; {'moved', seat as it is}; {'full', notices that
--   wait}: nothing has changed; {'gone'}: this session is over, or another owns it.

local it = redis.call('HMGET', KEYS[1], 'num', 'seal', 'nn', ARGV[4])
if it[1] ~= ARGV[2] or (ARGV[3] ~= '' and ARGV[3] ~= it[2]) then return { 'gone' } end
if (it[4] or '') ~= ARGV[5] then return { 'moved', it[4] or '' } end
local notices, count = tonumber(it[3]), (#ARGV - 8) / 2
if ARGV[8] == 'n' then
  if count > 0 and (notices >= tonumber(ARGV[7]) or notices + count > MAX_NOTICES) then return { 'full', notices } end
else
  for at = 9, #ARGV, 2 do
    if not has_room(ARGV[8], tonumber(ARGV[at]), '') then return { 'full', notices } end
  end
end
local last = 0
for at = 9, #ARGV, 2 do last = append(ARGV[8], ARGV[at], '', '- - -', ARGV[at + 1], ARGV[3] ~= '') end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[6])
return { 'ok', redis.call('HGET', KEYS[1], 'nn'), last, clock(), era() }
