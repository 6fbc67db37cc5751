-- Ends a session.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 'seal' or 'num', 3 its value: another session is not ended; 4 reason for the members of its rooms;
--   5 farewell for its socket, or empty.
-- Replies: {'ok', time}; {'fenced', graves, time}: there is no such session (any more).

if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then
  return { 'fenced', redis.call('SCARD', KEYS[7]), clock() }
end
bury(ARGV[4], ARGV[5])
return { 'ok', clock() }
