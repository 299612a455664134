-- ARGV: 4 limit.
if settle() then
  return AGAIN
end
local ids = call('ZRANGE', READY, 0, ARGV[4] - 1)
local answer = {}
if ids[1] then
  local expiries, states, bodies =
    gather('ZMSCORE', EXPIRING, ids), gather('HMGET', STATE, ids), gather('HMGET', BODY, ids)
  for number in ipairs(ids) do
    answer[#answer + 1] =
      seen_as_stored(states[number], tonumber(expiries[number]), bodies[number])
    answer[#answer + 1] = bodies[number]
  end
  remove(ids)
end
return answer
