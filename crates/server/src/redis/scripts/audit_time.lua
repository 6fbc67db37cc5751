-- Tells the time that counts for the audit trail.
--
-- KEYS: 1 the records (they decide which server of a cluster is asked).   ARGV: 1 time.
-- Replies: {milliseconds since 1970}.

return { text(clock()) }
