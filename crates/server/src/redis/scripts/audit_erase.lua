-- Erases the records of a peer from chunks of the first bucket of the audit trail that begins at a time or later.
--
-- KEYS: 1 the records (as in audit_append.lua).
-- ARGV: 1 time; 2 how long a bucket is kept; 3 the first start of a bucket; 4 the number of the first chunk in a bucket with that
--   start; then the names of the peer.
-- Replies: {number of erased records, start of the bucket, number of the chunk to go on with (0: there are no more in it)};
--   {} when there is no such bucket.

-- As in audit_append.lua and audit_page.lua.
local OVERHEAD, BYTES, PLACES = 100, 262144, 4096

local now, kept, from = clock(), tonumber(ARGV[2]), tonumber(ARGV[3])
local start
for _, each in ipairs(redis.call('HKEYS', KEYS[1])) do
  each = tonumber(each)
  if each >= from and each + kept > now and (not start or each < start) then start = each end
end
if not start then return {} end

local function names(line)
  for at = 5, #ARGV do
    if string.find(line, ARGV[at], 1, true) then return true end
  end
  return false
end

local bucket = KEYS[1] .. ':' .. text(start)
local ends = redis.call('HMGET', bucket, 'first', 'last')
local at, last = tonumber(ends[1] or 1), tonumber(ends[2] or 0)
if start == from then at = math.max(at, tonumber(ARGV[4])) end
local erased, freed, bytes, stop = 0, 0, 0, at + PLACES
while at <= last and at < stop and bytes < BYTES do
  local chunk = redis.call('HGET', bucket, text(at))
  if chunk then bytes = bytes + #chunk end
  if chunk and names(chunk) then
    local left = string.gsub(chunk, '[^\n]+', function(line)
      if not names(line) then return line end
      erased = erased + 1
      return ''
    end)
    if string.find(left, '[^\n]') then
      redis.call('HSET', bucket, text(at), left)
      freed = freed + #chunk - #left
    else
      redis.call('HDEL', bucket, text(at))
      freed = freed + #chunk + OVERHEAD
    end
  end
  at = at + 1
end
if freed > 0 then redis.call('HINCRBY', KEYS[1], text(start), text(-freed)) end
return { erased, text(start), at <= last and text(at) or '0' }
