-- ARGV: 4 claim id, 5 ttl, 6 grace.
local claim_id, ttl, grace = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local _, _, ids = find_claim(claim_id)
if not ids then
  return NO_CLAIM
end
local kept, raw, expiries = members_of(claim_id, ids)
local states, claimed, extended, lapse = {}, {}, {}, now + ttl
for number, id in ipairs(kept) do
  local created, message_ttl, count = read('>I8I8I8', raw[number])
  if expiries[number] < lapse then
    message_ttl = ttl + grace
    extended[#extended + 1], extended[#extended + 2] = lapse + grace, id
  end
  states[2 * number - 1] = id
  states[2 * number] = new_state(created, message_ttl, count, lapse, claim_id)
  claimed[2 * number - 1], claimed[2 * number] = lapse, id
end
many('HSET', STATE, states)
many('ZADD', CLAIMED, claimed)
many('ZADD', EXPIRING, extended)
write_claim(claim_id, ttl, now, lapse, kept)
return 1
