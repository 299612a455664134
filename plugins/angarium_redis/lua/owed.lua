-- What queues owe to subscribers. A queue goes by the tag of its bucket and its member in that; a lane by
-- its queue, behind the length of it, and the subscription; a duty of a lane by the position of its
-- notice, in 16 digits, and the id of that, so that bytes are ordered as the queue is.
-- A notice: position, creation, and the cursor while it is being expanded. Reasons to keep it are counted
-- under 'r' and its id, pending duties under 'p' and its id.
-- A duty: status, time at which it is due or to be forgotten, position, state.
-- A lane with pending duties: end of its lease or 0, is it ordered, is it suspect, and who held it last.
local NOTICES, LANES, SUSPECTS, HOLDERS, LEASES, NAMES, KEPT = unpack(KEYS, #KEYS - 7, #KEYS - 1)
local PENDING = 0
local LAPSED = 200 -- leases that ran out with which one call deals on its way

local function area_of(queue)
  return PREFIX .. ':{' .. sub(queue, 1, 3) .. '}:'
end

-- A name that begins with a length, in two.
local function split(name)
  local length, place = string.match(name, '^(%d+):()')
  return sub(name, place, place + length - 1), sub(name, place + length)
end

local function joined(first, second)
  return #first .. ':' .. first .. second
end

local function owed_of(queue)
  local base = area_of(queue) .. sub(queue, 4) .. ':'
  return {
    queue = queue,
    notices = base .. 'notices',
    payloads = base .. 'payloads',
    counts = base .. 'counts',
    order = base .. 'order',
    unexpanded = base .. 'unexpanded',
    leased = base .. 'leased',
    lanes = base .. 'lanes',
  }
end

local function duty_name(position, id)
  return format('%016.0f', position) .. id
end

local function head(index)
  return call('ZRANGE', index, 0, 0, 'WITHSCORES')[2] or ''
end

local function holding(kind, owner, name)
  return kind .. joined(owner, name)
end

local function held_by(kind, owner)
  local first = holding(kind, owner, '')
  local names = call('ZRANGEBYLEX', HOLDERS, '[' .. first, '(' .. first .. '\255', 'LIMIT', 0, 1000)
  for number, name in ipairs(names) do
    names[number] = sub(name, #first + 1)
  end
  return names
end

-- Note the lease of a queue ('n') or lane ('l'), or its end: 0.
local function note_lease(kind, name, former, owner, lapse)
  if former ~= '' then
    call('ZREM', HOLDERS, holding(kind, former, name))
  end
  if lapse > 0 then
    call('ZADD', HOLDERS, 0, holding(kind, owner, name))
    call('ZADD', LEASES, lapse, kind .. name)
  else
    call('ZREM', LEASES, kind .. name)
  end
end

-- What somebody can have of an index: what is due there, and what he holds.
local function candidates(kind, index, owner, limit)
  local found, known = held_by(kind, owner), {}
  for _, name in ipairs(found) do
    known[name] = true
  end
  for _, name in ipairs(call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, limit)) do
    if not known[name] then
      found[#found + 1] = name
    end
  end
  return found
end

local function by_time(first, second)
  return first.time < second.time
end
