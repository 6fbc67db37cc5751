-- Reads mail.
--
-- KEYS: of a mailbox.
-- ARGV: 1 time; 2 the number behind which it begins; 3 most entries.
-- Replies: {number, mail, number, mail, …}.

return entries_after(tonumber(ARGV[2]), tonumber(ARGV[3]))
