-- Dead letters. Those that the other queue is to get from the caller are put under a lease, and
-- answered behind a number that tells them from claimed ones.
local LEASE, LEASED = 60, 1

local function find_lease()
  local _, _, ids = find_claim(ARGV[11])
  local kept = ids and members_of(ARGV[11], ids) or {}
  return kept[1] and answer_stored({ LEASED }, kept, gather('ZMSCORE', ALL, kept), true)
end

local function lease(ids, states)
  local expiries, leased, claimed, lapse = gather('ZMSCORE', EXPIRING, ids), {}, {}, now + LEASE
  for number, id in ipairs(ids) do
    local created, ttl, count = read('>I8I8I8', states[number])
    leased[2 * number - 1] = id
    leased[2 * number] = new_state(created, ttl, count, lapse, ARGV[11])
    claimed[2 * number - 1], claimed[2 * number] = math.min(lapse, expiries[number]), id
  end
  many('HSET', STATE, leased)
  many('ZREM', READY, ids)
  many('ZADD', CLAIMED, claimed)
  write_claim(ARGV[11], LEASE, now, lapse, ids)
  return answer_stored({ LEASED }, ids, gather('ZMSCORE', ALL, ids), true)
end

-- To the end of the other queue, unless it has them already. Their records are copied as they are.
local function move(ids, states)
  if ARGV[9] == '' then
    return DEAD_LETTER_MISSING
  elseif ARGV[11] ~= '' then
    return lease(ids, states)
  end
  local queue_there, all, ready, _, _, expiring, state, body = unpack(KEYS, 12, 19)
  local there = call('HMGET', queue_there, 'epoch', 'last', 'due')
  if there[1] ~= ARGV[9] then
    return DEAD_LETTER_STALE
  end
  local last = math.max(tonumber(there[2] or 0), clock[1] * 1000000 + clock[2] - 1)
  local expiries, known = gather('ZMSCORE', EXPIRING, ids), gather('ZMSCORE', expiring, ids)
  local bodies, leftovers, first_expiry = gather('HMGET', BODY, ids), {}, math.huge
  local positions, lives, new_states, copies = {}, {}, {}, {}
  for number, id in ipairs(ids) do
    local expires_there = tonumber(known[number] or 0)
    if expires_there <= now then
      if known[number] then
        leftovers[#leftovers + 1] = id
      end
      local created, ttl = read('>I8I8', states[number])
      local expires = tonumber(expiries[number])
      if ARGV[10] ~= '' then
        ttl = tonumber(ARGV[10])
        expires = now + ttl
      end
      last = last + 1
      first_expiry = math.min(first_expiry, expires)
      positions[#positions + 1], positions[#positions + 2] = last, id
      lives[#lives + 1], lives[#lives + 2] = expires, id
      new_states[#new_states + 1] = id
      new_states[#new_states + 1] = new_state(created, ttl, 0, 0, '')
      copies[#copies + 1], copies[#copies + 2] = id, bodies[number]
    end
  end
  remove(leftovers, 11)
  remove(ids)
  if positions[1] then
    call('HSET', queue_there, 'last', last)
    many('ZADD', all, positions)
    many('ZADD', ready, positions)
    many('ZADD', expiring, lives)
    many('HSET', state, new_states)
    many('HSET', body, copies)
    if not there[3] or first_expiry < tonumber(there[3]) then
      call('HSET', queue_there, 'due', first_expiry)
      call('ZADD', KEYS[22], first_expiry, ARGV[12])
    end
  end
end
