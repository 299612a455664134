local function add_notice(owed, id, payload, position, created, cursor)
  local told = pack('>I8I8', position, created)
  if call('HSETNX', owed.notices, id, told .. (cursor or '')) == 0 then
    return false
  end
  call('HSET', owed.payloads, id, payload)
  call('ZADD', owed.order, 0, duty_name(position, id))
  if cursor then
    call('HSET', owed.counts, 'r' .. id, 1)
    if call('ZADD', owed.unexpanded, format('%.0f', position), id) == 1 then
      call('ZADD', NOTICES, 'NX', created, owed.queue)
    end
  end
  return true
end

local function release_notice(owed, id)
  if call('HINCRBY', owed.counts, 'r' .. id, -1) <= 0 then
    local position = read('>I8', call('HGET', owed.notices, id))
    call('HDEL', owed.notices, id)
    call('HDEL', owed.payloads, id)
    call('HDEL', owed.counts, 'r' .. id, 'p' .. id)
    call('ZREM', owed.order, duty_name(position, id))
  end
end

local function created_of(owed, id)
  local _, created = read('>I8I8', call('HGET', owed.notices, id))
  return created
end

-- The lease is for the notices of a queue up to a position.
local function lease_of(owed)
  local owner, lapse, upto = unpack(call('HMGET', owed.leased, 'owner', 'lapse', 'upto'))
  return owner, tonumber(lapse or 0), tonumber(upto or 0)
end

local function hand_queue(owed, former, owner, lapse, upto)
  note_lease('n', owed.queue, former or '', owner, lapse)
  call('HSET', owed.leased, 'owner', owner, 'lapse', lapse, 'upto', upto)
end

-- Note in the index when the queue can be taken, and end a lease that is for nothing any more.
local function place_queue(owed)
  local owner, lapse, upto = lease_of(owed)
  local first = call('ZRANGE', owed.unexpanded, 0, 0, 'WITHSCORES')
  if owner and not (first[1] and tonumber(first[2]) <= upto) then
    note_lease('n', owed.queue, owner, '', 0)
    call('DEL', owed.leased)
    lapse = 0
  end
  if first[1] then
    call('ZADD', NOTICES, math.max(lapse, created_of(owed, first[1])), owed.queue)
  else
    call('ZREM', NOTICES, owed.queue)
  end
end
