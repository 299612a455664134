-- ARGV: 4 '1' to forget all others first, then in turn: id; ttl, age, remaining life and positions.
local MOST = 1000 -- messages that one call frees from the claims that are forgotten

local function set_holder(ids, lapse, claim_id)
  local states, expiries = gather('HMGET', STATE, ids), gather('ZMSCORE', EXPIRING, ids)
  local bodies, written, claimed = gather('HMGET', BODY, ids), {}, {}
  for number, id in ipairs(ids) do
    local expires = tonumber(expiries[number])
    local created, ttl, count = state_of(states[number], expires, bodies[number])
    written[2 * number - 1] = id
    written[2 * number] = new_state(created, ttl, count, lapse, claim_id)
    claimed[2 * number - 1], claimed[2 * number] = math.min(lapse, expires), id
  end
  many('HSET', STATE, written)
  return claimed
end

if ARGV[4] == '1' then
  local ids = call('ZRANGE', CLAIMED, 0, MOST - 1)
  set_holder(ids, 0, '')
  release(ids, CLAIMED)
  if #ids == MOST then
    return AGAIN
  end
  call('UNLINK', CLAIMS, LAPSES)
end
for number = 5, #ARGV, 2 do
  local claim_id, told, ids = ARGV[number], ARGV[number + 1], {}
  local ttl, age, remaining = read('>I8I8I8', told)
  for place = 25, #told, 8 do
    local position = read('>I8', told, place)
    ids[#ids + 1] = call('ZRANGEBYSCORE', ALL, position, position)[1]
  end
  many('ZREM', READY, ids)
  many('ZREM', DELAYED, ids)
  many('ZADD', CLAIMED, set_holder(ids, now + remaining, claim_id))
  write_claim(claim_id, ttl, now - age, now + remaining, ids)
end
return 1
