-- Ends a session.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 'seal' or 'num', 3 its value: another session is not ended; 4 reason for the members of its rooms;
--   5 farewell for its socket, or empty; with 'seal' also 6 number and 7 revision of
--   the session when the owner got it: where Redis has lost how that was, the session in its place ends.
-- Replies: {'ok', time}; {'fenced', graves, time}: there is no such session (any more).

if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] and not (ARGV[6] and is_rewound(ARGV[6], ARGV[7])) then
  return { 'fenced', redis.call('SCARD', KEYS[7]), clock() }
end
bury(ARGV[4], ARGV[5])
return { 'ok', clock() }
