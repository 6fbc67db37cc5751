-- Adds records to a bucket of the audit trail, and gives the oldest up where all are too many.
--
-- A bucket is kept in chunks: its records are the lines of a chunk, and keep their places in it (an erased record is an empty
-- line). All of the trail is in one slot.
--
-- KEYS: 1 the records (hash: start of a bucket -> its bytes); a bucket is KEYS[1]:START (hash: number of a chunk -> chunk; last: the
--   number of the newest chunk; first: the number below which there are none).
-- ARGV: 1 time; 2 the start of the bucket; 3 how long a bucket is kept; 4 most bytes of all buckets; then the chunks.
-- Replies: {'ok', number of records that were given up}; {'late'} when the bucket has expired, or has not begun.

-- What a chunk costs beside its text, in bytes.
local OVERHEAD = 100
-- Most chunks that are given up at once: more than come. The rest follows with the next records.
local TURN = 64

local now, start, kept, most = clock(), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if start + kept <= now or start > now then return { 'late' } end
local bucket = KEYS[1] .. ':' .. ARGV[2]
for at = 5, #ARGV do
  local number = redis.call('HINCRBY', bucket, 'last', 1)
  -- A new bucket: what is counted for it is gone.
  if number == 1 then redis.call('HSET', KEYS[1], ARGV[2], 0) end
  redis.call('HSET', bucket, text(number), ARGV[at])
  redis.call('HINCRBY', KEYS[1], ARGV[2], #ARGV[at] + OVERHEAD)
end
redis.call('PEXPIRE', bucket, text(start + kept - now))

local starts, bytes, newest = {}, 0, start
local sizes = redis.call('HGETALL', KEYS[1])
for at = 1, #sizes, 2 do
  local each = tonumber(sizes[at])
  if each + kept <= now then
    redis.call('DEL', KEYS[1] .. ':' .. sizes[at])
    redis.call('HDEL', KEYS[1], sizes[at])
  else
    starts[#starts + 1] = each
    bytes = bytes + tonumber(sizes[at + 1])
    newest = math.max(newest, each)
  end
end
redis.call('PEXPIRE', KEYS[1], text(newest + kept - now))

table.sort(starts)
local given_up, turn = 0, 0
for _, oldest in ipairs(starts) do
  if bytes <= most or turn >= TURN then break end
  bucket = KEYS[1] .. ':' .. text(oldest)
  local ends = redis.call('HMGET', bucket, 'first', 'last')
  local at, last, freed = tonumber(ends[1] or 1), tonumber(ends[2] or 0), 0
  while at <= last and turn < TURN and bytes - freed > most do
    local chunk = redis.call('HGET', bucket, text(at))
    if chunk then
      local _, records = string.gsub(chunk, '[^\n]+', '')
      given_up = given_up + records
      freed = freed + #chunk + OVERHEAD
      redis.call('HDEL', bucket, text(at))
    end
    at, turn = at + 1, turn + 1
  end
  -- A bucket that Redis has evicted is not made anew.
  if ends[2] then redis.call('HSET', bucket, 'first', text(at)) end
  -- Without a chunk it has no bytes, whatever was counted.
  if at > last then freed = tonumber(redis.call('HGET', KEYS[1], text(oldest))) end
  if freed > 0 then redis.call('HINCRBY', KEYS[1], text(oldest), text(-freed)) end
  bytes = bytes - freed
end
return { 'ok', given_up }
