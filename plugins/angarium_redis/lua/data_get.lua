-- ARGV[4...]: ids.
local ids = {}
for number = 4, #ARGV do
  ids[#ids + 1] = ARGV[number]
end
local expiries, states, bodies =
  gather('ZMSCORE', EXPIRING, ids), gather('HMGET', STATE, ids), gather('HMGET', BODY, ids)
local answer = {}
for number in ipairs(ids) do
  local expires = tonumber(expiries[number] or 0)
  if expires > now then
    answer[#answer + 1] = seen_as_stored(states[number], expires, bodies[number])
    answer[#answer + 1] = bodies[number]
  end
end
return answer
