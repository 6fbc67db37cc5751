-- What the scripts share. It stands before each script, behind the limits of engine/limits.rs.
--
-- KEYS of a script about a mailbox: 1 session (hash), 2 mailbox (stream), 3 and 4 the sources' last numbers of this time
-- and of the time before (hashes), 5 the senders' shares (hash).
-- A script about a whole session has also: 6 receipts that are due (list), 7 numbers of graves (set), 8 last session number.
-- ARGV[1] is the time in milliseconds, or empty: then Redis' own counts.
--
-- A session has these fields: num, rev, version, incarnation, info; node (the channel of its owner), seal (of its owner);
-- state (c connected, a away), away (why), leaving, seen, due; current, next, in_place_of, attempt (keys); received, gap_after,
-- gaps (frames); top, floor; era, unsure (see below), past (former eras with the top at their end); rn rb, nn nb, an ab (entries and bytes of relays, notices, answers); ttl;
-- turned; former, farewell; untold; root, proved (see read.lua); room:NAME.

-- The seconds of TIME are text.
local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A whole number as text: Lua's own text has 14 digits.
local function text(number)
  return string.format('%.0f', number)
end

-- Numbers from 1 to this one fit the protocol.
local LAST = 4294967295

-- Most sources of relays that one time has.
local MAX_SOURCES = 4096

local server_era

-- Names what Redis holds: it is another name after a start and after the promotion of a replica, which may both lack the newest
-- writes that were confirmed.
local function era()
  if not server_era then
    server_era = string.sub(string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or '', 1, 16)
  end
  return server_era
end

-- The number up to which the mail of the session is certainly the mail that its owners and its client have seen in former eras:
-- there is such a number as long as nobody of them has said how far it has come.
local function sure_top()
  local it = redis.call('HMGET', KEYS[1], 'era', 'unsure', 'top')
  if it[1] == era() then return tonumber(it[2] or LAST) end
  return math.min(tonumber(it[2] or LAST), tonumber(it[3] or 0))
end

-- The number up to which the session had mail at the end of an era; nil: it was in none of that name.
local function top_of(since)
  local it = redis.call('HMGET', KEYS[1], 'era', 'top', 'past')
  if it[1] == since then return tonumber(it[2]) end
  return tonumber(string.match(' ' .. (it[3] or ''), ' ' .. since .. ':(%d+)') or '')
end

-- Whether Redis has lost mail that an owner has delivered up to this number, in an era that was its last then. It is not enough that
-- the session is sure: the owner may have said so before it delivered the last of that era.
local function has_lost(since, delivered)
  if since == era() then return false end
  return delivered > (top_of(since) or sure_top())
end

-- Writes the era into the session, before anything is added to it.
local function note_era()
  local it = redis.call('HMGET', KEYS[1], 'era', 'top', 'past')
  if it[1] == era() then return end
  local past = (it[1] or '') .. ':' .. (it[2] or 0) .. ' ' .. (it[3] or '')
  redis.call('HSET', KEYS[1], 'unsure', text(sure_top()), 'past', string.match(past, '^%S* ?%S* ?%S* ?%S*'))
  redis.call('HSET', KEYS[1], 'era', era())
end

-- Notes that the client has not seen any mail that Redis has lost.
local function be_sure()
  note_era()
  redis.call('HDEL', KEYS[1], 'unsure')
end

-- Tells a node something: the kind of bell, the seal of the session, the rest.
local function ring(node, kind, seal, rest)
  if node and node ~= '' then redis.call('PUBLISH', node, kind .. '\n' .. seal .. '\n' .. rest) end
end

-- How much longer than the session can wait for its client the session itself, its mail and its receipts live: as long as all nodes may
-- be away at once, so that the first that is back finds what has ended meanwhile.
local OUTAGE_MS = 3600000

local function live(key, ttl)
  redis.call('PEXPIRE', key, text(tonumber(ttl) + OUTAGE_MS))
end

-- Lets every key of the session live on.
local function keep(ttl)
  for at = 1, #KEYS do
    if at == 3 or at == 4 then
      redis.call('PEXPIRE', KEYS[at], ttl)
    elseif at < 7 then
      -- Graves and the last number have their own time.
      live(KEYS[at], ttl)
    end
  end
end

-- Whether mail of this kind ('r' relay, 'n' notice, 'a' answer) and weight has room. `from`: the sender of a relay.
-- Senders that fill a mailbox do not keep out a sender that has little in it.
local function has_room(kind, weight, from)
  local held = redis.call('HMGET', KEYS[1], kind .. 'n', kind .. 'b', 'top')
  local entries, bytes = tonumber(held[1] or 0), tonumber(held[2] or 0) + weight
  if tonumber(held[3] or 0) >= LAST then return false end
  if kind == 'n' then return entries < MAX_NOTICES end
  if kind == 'a' then return entries < MAX_ANSWERS and bytes <= MAX_ANSWER_BYTES end
  if entries < SHARED_RELAYS and bytes <= SHARED_RELAY_BYTES then return true end
  local own_entries, own_bytes = string.match(redis.call('HGET', KEYS[5], from) or '0 0', '(%d+) (%d+)')
  return entries < MAX_RELAYS and bytes <= MAX_RELAY_BYTES
    and tonumber(own_entries) < RESERVED_RELAYS_EACH and tonumber(own_bytes) + weight <= RESERVED_BYTES_EACH
end

-- Adds to what waits of a sender.
local function share(from, entries, bytes)
  local own_entries, own_bytes = string.match(redis.call('HGET', KEYS[5], from) or '0 0', '(%d+) (%d+)')
  own_entries, own_bytes = tonumber(own_entries) + entries, tonumber(own_bytes) + bytes
  if own_entries <= 0 then
    redis.call('HDEL', KEYS[5], from)
  else
    redis.call('HSET', KEYS[5], from, text(own_entries) .. ' ' .. text(math.max(own_bytes, 0)))
  end
end

-- Puts mail into the mailbox, where there is room for it, and rings the owner. Returns its number.
-- `about` is what becomes of it at the end of the session: 'u' and the number of the sender's session if that one hears that it did
-- not arrive ('-': not), and the receipt that its sender wants: the number of its session, and the reference ('- -': none). `quiet`: the owner calls,
-- and needs no bell.
local function append(kind, weight, from, about, mail, quiet)
  note_era()
  local seq = redis.call('HINCRBY', KEYS[1], 'top', 1)
  redis.call('XADD', KEYS[2], '0-' .. text(seq), 'h', kind .. ' ' .. weight .. ' ' .. about, 'f', from, 'm', mail)
  local entries = redis.call('HINCRBY', KEYS[1], kind .. 'n', 1)
  redis.call('HINCRBY', KEYS[1], kind .. 'b', weight)
  if kind == 'r' then share(from, 1, weight) end
  local owner = redis.call('HMGET', KEYS[1], 'node', 'seal', 'ttl')
  if entries == 1 then
    live(KEYS[2], owner[3])
    live(KEYS[5], owner[3])
  end
  if not quiet then ring(owner[1], 'm', owner[2] or '', era() .. '\n' .. text(seq) .. '\n' .. mail) end
  return seq
end

-- Returns the mail behind a number: number, mail, number, mail, …
local function entries_after(seq, most)
  local found = {}
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '0-' .. text(seq + 1), '+', 'COUNT', most)) do
    local fields = entry[2]
    found[#found + 1] = string.sub(entry[1], 3)
    found[#found + 1] = fields[6]
  end
  return found
end

-- Removes what is acknowledged. Receipts that are due wait in KEYS[6]: number, sender, session, reference.
local function acknowledge(ack)
  local known = redis.call('HMGET', KEYS[1], 'floor', 'top', 'ttl')
  if ack <= tonumber(known[1]) or ack > tonumber(known[2]) then return end
  local back = {}
  for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '0-' .. text(ack))) do
    local head, from = entry[2][2], entry[2][4]
    local kind, weight, _, session, reference = string.match(head, '^(%a) (%d+) (%S+) (%S+) (%S+)$')
    weight = tonumber(weight)
    back[kind .. 'n'] = (back[kind .. 'n'] or 0) + 1
    back[kind .. 'b'] = (back[kind .. 'b'] or 0) + weight
    if kind == 'r' then share(from, -1, -weight) end
    if session ~= '-' then
      redis.call('RPUSH', KEYS[6], string.sub(entry[1], 3) .. '\n' .. from .. '\n' .. session .. '\n' .. reference)
      live(KEYS[6], known[3])
    end
  end
  for field, amount in pairs(back) do redis.call('HINCRBY', KEYS[1], field, -amount) end
  redis.call('HSET', KEYS[1], 'floor', text(ack))
  if ack == tonumber(known[2]) then
    redis.call('DEL', KEYS[2])
  else
    redis.call('XTRIM', KEYS[2], 'MINID', '=', '0-' .. text(ack + 1))
  end
end

-- Ends the session. What it leaves goes into a grave: the node that finds it draws the consequences elsewhere from there, once.
-- `reason` is for the members of its rooms, `farewell` for its socket. Returns the number of the session.
local function bury(reason, farewell)
  local last = redis.call('HMGET', KEYS[1], 'num', 'node', 'seal', 'leaving')
  if last[4] == '1' then reason = 'closed' end
  local grave = KEYS[7] .. ':' .. last[1] .. ':'
  for at, part in pairs({ [1] = 's', [2] = 'm', [6] = 'r' }) do
    if redis.call('EXISTS', KEYS[at]) == 1 then
      redis.call('RENAME', KEYS[at], grave .. part)
      redis.call('PEXPIRE', grave .. part, 3600000)
    end
  end
  redis.call('HSET', grave .. 's', 'reason', reason)
  redis.call('DEL', KEYS[3], KEYS[4], KEYS[5])
  redis.call('SADD', KEYS[7], last[1])
  redis.call('PEXPIRE', KEYS[7], 3600000)
  redis.call('SET', KEYS[8], last[1], 'PX', 600000)
  if farewell ~= '' then ring(last[2], 'f', last[3], farewell) end
  return last[1]
end

-- What the next calls of a source may be about is in one of the two: its last number, with what has become of that mail.
local function turn_sources(now, turned, ttl, most)
  if now - tonumber(turned) < tonumber(ttl) and redis.call('HLEN', KEYS[3]) < most then return end
  if redis.call('EXISTS', KEYS[3]) == 1 then
    redis.call('RENAME', KEYS[3], KEYS[4])
  else
    redis.call('DEL', KEYS[4])
  end
  redis.call('HSET', KEYS[1], 'turned', text(now))
end

-- Returns the last session and number of a source, and what became of that mail: 'ok', 'busy', 'old'. Nothing, if it is new.
local function last_of(source)
  local last = redis.call('HGET', KEYS[3], source) or redis.call('HGET', KEYS[4], source)
  if not last then return nil end
  local session, number, became = string.match(last, '^(%d+) (%d+) (%a+)$')
  return tonumber(session), tonumber(number), became
end

-- Notes what became of the mail of a source.
local function note_source(source, session, number, became, ttl)
  redis.call('HSET', KEYS[3], source, session .. ' ' .. number .. ' ' .. became)
  if redis.call('HLEN', KEYS[3]) == 1 then redis.call('PEXPIRE', KEYS[3], ttl) end
end

-- Whether the session with this seal is owned by another than the caller, who has the other seal.
local function is_another(own, seal)
  return not own or (IS_FENCED and own ~= seal)
end

-- Whether Redis has lost the very claim that made the caller the owner: numbers and revisions only grow. `number` and `rev` are those
-- of the session when the caller got it.
local function is_rewound(number, rev)
  local it = redis.call('HMGET', KEYS[1], 'num', 'rev')
  local has, own = tonumber(it[1] or ''), tonumber(number)
  return has and (has < own or (has == own and tonumber(it[2]) < tonumber(rev)))
end

-- Answers an owner that owns the session no more: the farewell for its socket, if it is known.
local function fenced(seal)
  local former = redis.call('HMGET', KEYS[1], 'former', 'farewell')
  return { 'fenced', former[1] == seal and former[2] or '' }
end

-- Adds peers of a room to a reply: id, entry, description, id, entry, description, … `e` and `d` are the keys of both.
local function with_peers(reply, e, d, ids)
  if #ids == 0 then return reply end
  local entries = redis.call('HMGET', e, unpack(ids))
  local infos = redis.call('HMGET', d, unpack(ids))
  for n, id in ipairs(ids) do
    reply[#reply + 1] = id
    reply[#reply + 1] = entries[n] or ''
    reply[#reply + 1] = infos[n] or ''
  end
  return reply
end
