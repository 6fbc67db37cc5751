-- Reads chunks of the first bucket of the audit trail that has begun in a span of time.
--
-- KEYS: 1 the records (as in audit_append.lua).
-- ARGV: 1 time; 2 how long a bucket is kept; 3 the first start of a bucket; 4 the start before which all are; 5 the number of the
--   first chunk in a bucket with the first start.
-- Replies: {start of the bucket, number of the chunk to go on with (0: there are no more in it), number, chunk, number, chunk, …};
--   {} when there is no such bucket.

-- Most bytes that are read at once, about, and most places of chunks that are looked at. Some may be empty.
local BYTES, PLACES, STEP = 262144, 4096, 8

local now, kept, from, before = clock(), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local start
for _, each in ipairs(redis.call('HKEYS', KEYS[1])) do
  each = tonumber(each)
  if each >= from and each < before and each + kept > now and (not start or each < start) then start = each end
end
if not start then return {} end

local bucket = KEYS[1] .. ':' .. text(start)
local ends = redis.call('HMGET', bucket, 'first', 'last')
local at, last = tonumber(ends[1] or 1), tonumber(ends[2] or 0)
if start == from then at = math.max(at, tonumber(ARGV[5])) end
local reply, bytes, stop = { text(start), '0' }, 0, at + PLACES
while at <= last and at < stop and bytes < BYTES do
  local numbers = {}
  for number = at, math.min(at + STEP - 1, last) do numbers[#numbers + 1] = text(number) end
  for n, chunk in ipairs(redis.call('HMGET', bucket, unpack(numbers))) do
    if chunk then
      reply[#reply + 1] = numbers[n]
      reply[#reply + 1] = chunk
      bytes = bytes + #chunk
    end
  end
  at = at + #numbers
end
if at <= last then reply[2] = text(at) end
return reply
