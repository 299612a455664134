-- ARGV: 4 claim id.
local ttl, since, ids = find_claim(ARGV[4])
if not ttl then
  return NO_CLAIM
end
return answer_members({ ttl, math.max(now - since, 0) }, ARGV[4], ids)
