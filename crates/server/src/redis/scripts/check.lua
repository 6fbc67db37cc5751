-- Checks that the user of this connection may do what the other scripts do.
--
-- KEYS: 1 any key under the prefix.
-- ARGV: 1 time, 2 any channel of a doorbell.
-- Replies: the first command that the user may not use on that key or channel; an empty text where there is none.

local commands = {
  'DEL', 'EXISTS', 'GET', 'HDEL', 'HEXISTS', 'HGET', 'HGETALL', 'HINCRBY', 'HKEYS', 'HLEN', 'HMGET', 'HSCAN', 'HSET', 'INFO', 'LRANGE', 'LREM',
  'PEXPIRE', 'RENAME', 'RPUSH', 'SADD', 'SCARD', 'SET', 'SMEMBERS', 'SRANDMEMBER', 'SREM', 'TIME', 'XADD', 'XRANGE', 'XTRIM', 'ZADD', 'ZCARD', 'ZRANDMEMBER',
  'ZRANGE', 'ZRANGEBYLEX', 'ZREM', 'ZREVRANGEBYSCORE', 'ZSCORE',
}
for _, command in ipairs(commands) do
  if not redis.acl_check_cmd(command, KEYS[1], KEYS[1]) then return command end
end
if not redis.acl_check_cmd('PUBLISH', ARGV[2], '') then return 'PUBLISH' end
return ''
