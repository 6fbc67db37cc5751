-- Removes the buckets of the audit trail that have expired, and tells when the next bucket or key expires. Redis itself removes both
-- at their time; the list of buckets has to follow.
--
-- KEYS: 1 the records (as in audit_append.lua); 2 the keys (as in audit_key.lua).
-- ARGV: 1 time; 2 how long a bucket is kept.
-- Replies: {milliseconds since 1970}; {} when nothing is left.

local now, kept = clock(), tonumber(ARGV[2])
local next
for _, start in ipairs(redis.call('HKEYS', KEYS[1])) do
  local expires = tonumber(start) + kept
  if expires <= now then
    redis.call('DEL', KEYS[1] .. ':' .. start)
    redis.call('HDEL', KEYS[1], start)
  elseif not next or expires < next then
    next = expires
  end
end
local today = math.floor(now / 86400000)
for day = today - 1, today + 1 do
  local expires = (day + 2) * 86400000
  if redis.call('EXISTS', KEYS[2] .. ':' .. text(day)) == 1 and (not next or expires < next) then next = expires end
end
return next and { text(next) } or {}
