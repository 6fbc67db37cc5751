-- Takes the socket from a session, which waits for its client from now on.
--
-- KEYS: of a whole session.
-- ARGV: 1 time; 2 seal; 3 the window in milliseconds; 4 why the peer is away; 5 '1' if its page was probably left;
--   6 number and 7 revision of the session when the owner got it.
-- Replies: {'ok'}; {'fenced', farewell}: another owns the session; {'rewound', number}: Redis has lost how the owner got it, and has
--   this session in its place.

local it = redis.call('HMGET', KEYS[1], 'seal', 'ttl', 'former', 'state')
-- A call that is repeated because its reply was lost.
if it[3] == ARGV[2] and it[4] == 'a' then return { 'ok' } end
if is_another(it[1], ARGV[2]) then
  if is_rewound(ARGV[6], ARGV[7]) then return { 'rewound', redis.call('HGET', KEYS[1], 'num') } end
  return fenced(ARGV[2])
end
redis.call('HSET', KEYS[1], 'state', 'a', 'away', ARGV[4], 'leaving', ARGV[5], 'due', text(clock() + tonumber(ARGV[3])), 'node', '',
  'seal', '', 'untold', 1, 'former', ARGV[2], 'farewell', '')
redis.call('HINCRBY', KEYS[1], 'rev', 1)
keep(it[2])
return { 'ok' }
