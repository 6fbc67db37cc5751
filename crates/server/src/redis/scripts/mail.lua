-- Reads mail, for the owner of the session.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 seal; 3 the number up to which the owner has delivered, 4 the era in which that was; 5 most entries.
-- Replies: {'ok', era, number, mail, number, mail, …}; {'fenced'}: another owns the session; {'rewound'}: Redis has lost mail
--   that was delivered.

if is_another(redis.call('HGET', KEYS[1], 'seal'), ARGV[2]) then return { 'fenced' } end
if has_lost(ARGV[4], tonumber(ARGV[3])) then return { 'rewound' } end
be_sure()
local found = entries_after(tonumber(ARGV[3]), tonumber(ARGV[5]))
table.insert(found, 1, era())
table.insert(found, 1, 'ok')
return found
