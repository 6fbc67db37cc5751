-- Reads the keys of all days whose key has not expired: a key lives for two days from the start of its own.
--
-- KEYS: 1 the keys (as in audit_key.lua).   ARGV: 1 time.
-- Replies: {key, …}, by day.

local today = math.floor(clock() / 86400000)
local found = {}
for day = today - 1, today + 1 do
  local key = redis.call('GET', KEYS[1] .. ':' .. text(day))
  if key then found[#found + 1] = key end
end
return found
