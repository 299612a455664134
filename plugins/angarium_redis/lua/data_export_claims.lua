-- ARGV: 4 id of the claim to start after or '', 5 limit. Answers the cursor, then in turn: id, ttl,
-- age, remaining life, positions. Claims come by the time of their lapse.
local start = call('ZCOUNT', LAPSES, '-inf', now)
local rank = ARGV[4] ~= '' and call('ZRANK', LAPSES, ARGV[4])
if rank then
  start = math.max(start, rank + 1)
end
local page = call('ZRANGE', LAPSES, start, start + ARGV[5] - 1, 'WITHSCORES')
local answer = { '' }
for number = 1, #page, 2 do
  local id = page[number]
  local ttl, since, ids = find_claim(id)
  if ttl then
    answer[#answer + 1] = id
    answer[#answer + 1] = ttl
    answer[#answer + 1] = math.max(now - since, 0)
    answer[#answer + 1] = page[number + 1] - now
    answer[#answer + 1] = gather('ZMSCORE', ALL, (members_of(id, ids)))
  end
  if number == 2 * ARGV[5] - 1 then
    answer[1] = id
  end
end
return answer
