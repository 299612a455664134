local LOOK = 200 -- due duties of a lane among which those of the lowest positions are looked for

local function open_lane(owed, subscription)
  local name = joined(owed.queue, subscription)
  local base = area_of(owed.queue) .. 'lane:' .. name .. ':'
  local lane = {
    name = name,
    owed = owed,
    subscription = subscription,
    duties = base .. 'duties',
    pending = base .. 'pending',
    due = base .. 'due',
    over = base .. 'over',
    lapse = 0,
    ordered = 0,
    suspect = 0,
    owner = '',
  }
  lane.stored = call('HGET', owed.lanes, subscription)
  if lane.stored then
    lane.lapse, lane.ordered, lane.suspect = read('>I8BB', lane.stored)
    lane.owner = sub(lane.stored, 11)
  end
  lane.was_suspect = lane.suspect
  return lane
end

local function open_named(name)
  local queue, subscription = split(name)
  return open_lane(owed_of(queue), subscription)
end

-- When the first of the duties that count became due, or will; nil if none is pending.
local function first_due(lane)
  if lane.ordered == 1 then
    local first = call('ZRANGE', lane.pending, 0, 0)[1]
    return first and tonumber(call('ZSCORE', lane.due, first))
  end
  return tonumber(call('ZRANGE', lane.due, 0, 0, 'WITHSCORES')[2])
end

local function hand(lane, owner, lapse)
  if lane.lapse > 0 or lapse > 0 then
    note_lease('l', lane.name, lane.owner, owner, lapse)
  end
  lane.owner, lane.lapse = owner, lapse
end

local function save(lane)
  local due = first_due(lane)
  if not due then
    hand(lane, '', 0)
    call('HDEL', lane.owed.lanes, lane.subscription)
    call('ZREM', LANES, lane.name)
    call('ZREM', SUSPECTS, lane.name)
    if call('ZCARD', lane.over) == 0 then
      call('ZREM', NAMES, lane.name)
    end
    return
  end
  local told = pack('>I8BB', lane.lapse, lane.ordered, lane.suspect) .. lane.owner
  if told ~= lane.stored then
    call('HSET', lane.owed.lanes, lane.subscription, told)
  end
  local index, other = LANES, SUSPECTS
  if lane.suspect == 1 then
    index, other = SUSPECTS, LANES
  end
  if lane.suspect ~= lane.was_suspect then
    call('ZREM', other, lane.name)
  end
  call('ZADD', index, math.max(due, lane.lapse), lane.name)
end

local function make_pending(lane, id, position, due, state)
  local name = duty_name(position, id)
  call('HSET', lane.duties, id, pack('>BI8I8', PENDING, due, position) .. state)
  call('ZADD', lane.pending, 0, name)
  call('ZADD', lane.due, due, name)
end

-- Forget the record of a duty that was kept for long enough; false if it is not over, or still kept.
local function forget_over(lane, id, position, told)
  local status, time = read('>BI8', told)
  if status == PENDING or time > now then
    return false
  end
  local name = duty_name(position, id)
  call('ZREM', lane.over, name)
  call('ZREM', KEPT, joined(lane.name, name))
  call('HINCRBY', lane.owed.counts, 'r' .. id, -1)
  return true
end

-- Whether it was not there.
local function add_duty(owed, subscription, id, position, due, ordered, suspect, state)
  local lane = open_lane(owed, subscription)
  local told = call('HGET', lane.duties, id)
  if told and not forget_over(lane, id, position, told) then
    return false
  end
  lane.ordered = ordered
  if not lane.stored then
    lane.suspect = suspect
    call('ZADD', NAMES, 0, lane.name)
  end
  make_pending(lane, id, position, due, state)
  save(lane)
  return true
end

-- Two arguments for each duty: its subscription; seconds until it is due, is the lane ordered, is it
-- suspect, and the state.
local function add_duties(owed, id, position, first, count)
  local added = 0
  for number = first, first + 2 * count - 1, 2 do
    local told = ARGV[number + 1]
    local due, ordered, suspect = read('>I8BB', told)
    local state = sub(told, 11)
    if add_duty(owed, ARGV[number], id, position, now + due, ordered, suspect, state) then
      added = added + 1
    end
  end
  if added > 0 then
    call('HINCRBY', owed.counts, 'r' .. id, added)
    call('HINCRBY', owed.counts, 'p' .. id, added)
  end
end

local function due_duties(lane, limit)
  if lane.ordered == 1 then
    local first = call('ZRANGE', lane.pending, 0, 0)
    local is_due = first[1] and tonumber(call('ZSCORE', lane.due, first[1])) <= now
    return is_due and limit > 0 and first or {}
  end
  local most = math.max(limit, LOOK)
  local names = call('ZRANGEBYSCORE', lane.due, '-inf', now, 'LIMIT', 0, most)
  table.sort(names)
  return { unpack(names, 1, math.min(limit, #names)) }
end

-- Lease a lane and answer it with what is due: queue, subscription, flags, number of duties; of each:
-- id, numbers, state, payload.
local function lease(lane, owner, seconds, limit, answer)
  local names = due_duties(lane, limit)
  if not names[1] then
    return false
  end
  hand(lane, owner, now + seconds)
  save(lane)
  answer[#answer + 1] = sub(lane.owed.queue, 4)
  answer[#answer + 1] = lane.subscription
  answer[#answer + 1] = lane.ordered + 2 * lane.suspect
  answer[#answer + 1] = #names
  for _, name in ipairs(names) do
    local id = sub(name, 17)
    local told = call('HGET', lane.duties, id)
    local _, due, position = read('>BI8I8', told)
    local age = math.max(now - created_of(lane.owed, id), 0)
    answer[#answer + 1] = id
    answer[#answer + 1] = pack('>I8I8I8', position, age, now - due)
    answer[#answer + 1] = sub(told, 18)
    answer[#answer + 1] = call('HGET', lane.owed.payloads, id)
  end
  return true
end
