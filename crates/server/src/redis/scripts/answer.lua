-- Puts answers of one source into a mailbox, each once and in the order of their numbers: receipts, and what takes their place.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 source, 3 its session number; 4 the session that they are for; then triples of number, weight
--   and mail.
-- Replies: {'ok'}; {'gone'}: there is no such session, or it knows no answers without a request; {'busy', session}: one has no
--   room, and the session cannot go on.

local now = clock()
local it = redis.call('HMGET', KEYS[1], 'num', 'version', 'ttl', 'turned')
if not it[1] or ARGV[4] ~= it[1] or tonumber(it[2]) < 2 then return { 'gone' } end
-- The sources of answers are peers to which this one has sent. With those of two such times the relays' are forgotten.
turn_sources(now, it[4], it[3], 2 * MAX_SOURCES)
local session, last = last_of(ARGV[2])
if not session or session < tonumber(ARGV[3]) then last = 0 end
for at = 5, #ARGV, 3 do
  if tonumber(ARGV[at]) > last then
    if not has_room('a', tonumber(ARGV[at + 1]), '') then return { 'busy', it[1] } end
    append('a', ARGV[at + 1], '', '- - -', ARGV[at + 2])
    note_source(ARGV[2], ARGV[3], ARGV[at], 'ok', it[3])
  end
end
return { 'ok' }
