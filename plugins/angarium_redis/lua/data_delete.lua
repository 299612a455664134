-- ARGV: 4 id, 5 claim id (optional).
local id, claim_id = ARGV[4], ARGV[5]
local expires = call('ZSCORE', EXPIRING, id)
if not expires then
  return 1
end
local state = call('HGET', STATE, id)
if tonumber(expires) > now then
  local holder = holder_of(state)
  if claim_id ~= holder then
    if not claim_id then
      return IS_CLAIMED
    elseif not find_claim(claim_id) then
      return CLAIM_UNKNOWN
    end
    return holder and CLAIMED_BY_OTHER or NOT_CLAIMED
  end
end
forget(id, state)
return 1
