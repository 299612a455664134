-- Claims: ttl, when it was made or renewed, when it lapses, and the ids that were in it then.
local function find_claim(claim_id)
  local raw = call('HGET', CLAIMS, claim_id)
  if raw then
    local ttl, since, lapse = read('>I8I8I8', raw)
    if lapse > now then
      return ttl, since, cmsgpack.unpack(sub(raw, 25))
    end
  end
end

local function write_claim(claim_id, ttl, since, lapse, ids)
  call('HSET', CLAIMS, claim_id, pack('>I8I8I8', ttl, since, lapse) .. cmsgpack.pack(ids))
  call('ZADD', LAPSES, lapse, claim_id)
  mark(lapse)
end

-- What is still in a live claim: ids, states and times of expiry.
local function members_of(claim_id, ids)
  local states, expiries = gather('HMGET', STATE, ids), gather('ZMSCORE', EXPIRING, ids)
  local kept, kept_states, kept_expiries = {}, {}, {}
  for number, id in ipairs(ids) do
    local expires = tonumber(expiries[number] or 0)
    if expires > now and holder_of(states[number]) == claim_id then
      kept[#kept + 1], kept_states[#kept + 1], kept_expiries[#kept + 1] =
        id, states[number], expires
    end
  end
  return kept, kept_states, kept_expiries
end

local function answer_members(answer, claim_id, ids)
  local kept, states, expiries = members_of(claim_id, ids)
  local bodies = gather('HMGET', BODY, kept)
  for number in ipairs(kept) do
    answer[#answer + 1] = seen_as_stored(states[number], expiries[number], bodies[number])
    answer[#answer + 1] = bodies[number]
  end
  return answer
end
