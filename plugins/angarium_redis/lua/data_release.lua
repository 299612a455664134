-- ARGV: 4 claim id.
local claim_id = ARGV[4]
local _, _, ids = find_claim(claim_id)
if ids then
  local kept, raw = members_of(claim_id, ids)
  local states = {}
  for number, id in ipairs(kept) do
    local created, ttl, count = read('>I8I8I8', raw[number])
    states[2 * number - 1], states[2 * number] = id, new_state(created, ttl, count, 0, '')
  end
  many('HSET', STATE, states)
  release(kept, CLAIMED)
  call('HDEL', CLAIMS, claim_id)
  call('ZREM', LAPSES, claim_id)
end
return 1
