-- ARGV: 4 claim id, 5 ttl, 6 grace, 7 limit; for dead letters: 8 claims allowed, 9 the other queue's
-- epoch ('' if it does not exist), 10 ttl there ('' to keep), 11 lease id ('' to move them in this
-- step), 12 its member in its index. KEYS[12...]: those of the other queue, without a
-- lease.
local CLEAN = 20 -- records of lapsed claims that go with each new claim
local claim_id, ttl, grace = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local limit, max_claims = tonumber(ARGV[7]), tonumber(ARGV[8])

local _, _, known = find_claim(claim_id)
if known then
  return answer_members({}, claim_id, known)
end
local leased = max_claims and find_lease()
if leased then
  return leased
end
if settle() then
  return AGAIN
end

local good, good_states, over, over_states, rank = {}, {}, {}, {}, 0
while #good < limit and #over < BOUND do
  local ids = call('ZRANGE', READY, rank, rank + limit - #good - 1)
  if not ids[1] then
    break
  end
  rank = rank + #ids
  for number, raw in ipairs(gather('HMGET', STATE, ids)) do
    if max_claims and raw and read('>I8', raw, 17) >= max_claims then
      if #over == BOUND then
        break
      end
      over[#over + 1], over_states[#over + 1] = ids[number], raw
    else
      good[#good + 1], good_states[#good + 1] = ids[number], raw
    end
  end
end

if over[1] then
  local is_short = #over == BOUND and #good < limit
  local answered = move(over, over_states)
  if answered then
    return answered
  elseif is_short then
    return AGAIN
  end
end
if not good[1] then
  return {}
end

local expiries, bodies = gather('ZMSCORE', EXPIRING, good), gather('HMGET', BODY, good)
local answer, states, claimed, extended, lapse = {}, {}, {}, {}, now + ttl
for number, id in ipairs(good) do
  local expires, body = tonumber(expiries[number]), bodies[number]
  local created, message_ttl, count = state_of(good_states[number], expires, body)
  if expires < lapse then
    message_ttl = ttl + grace
    extended[#extended + 1], extended[#extended + 2] = lapse + grace, id
  end
  states[2 * number - 1] = id
  states[2 * number] = new_state(created, message_ttl, count + 1, lapse, claim_id)
  claimed[2 * number - 1], claimed[2 * number] = lapse, id
  answer[2 * number - 1] = seen(message_ttl, created, count + 1, claim_id)
  answer[2 * number] = body
end
many('HSET', STATE, states)
many('ZREM', READY, good)
many('ZADD', CLAIMED, claimed)
many('ZADD', EXPIRING, extended)
local lapsed = call('ZRANGEBYSCORE', LAPSES, '-inf', now, 'LIMIT', 0, CLEAN)
if lapsed[1] then
  call('HDEL', CLAIMS, unpack(lapsed))
  call('ZREM', LAPSES, unpack(lapsed))
end
write_claim(claim_id, ttl, now, lapse, good)
return answer
