-- ARGV: 3 status, 4 lane and 5 duty to start after, 6 limit. Answers where it stopped ('' at the end); of
-- each duty: queue, subscription, notice, numbers, state, payload.
local SCAN = 500 -- lanes and duties that one call looks at, beside those it answers
local status, after, limit = tonumber(ARGV[3]), ARGV[5], tonumber(ARGV[6])
local answer, found, left = { '', '' }, 0, SCAN + limit
local start = ARGV[4] == '' and '-' or '[' .. ARGV[4]
for _, lane_name in ipairs(call('ZRANGEBYLEX', NAMES, start, '+', 'LIMIT', 0, left)) do
  local lane = open_named(lane_name)
  if lane_name ~= ARGV[4] then
    after = ''
  end
  local names = call(
    'ZRANGEBYLEX', status == PENDING and lane.pending or lane.over,
    after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, left
  )
  for _, name in ipairs(names) do
    local id = sub(name, 17)
    local told = call('HGET', lane.duties, id)
    local is, time = read('>BI8', told)
    if is == status and (is == PENDING or time > now) then
      local age = math.max(now - created_of(lane.owed, id), 0)
      answer[#answer + 1] = sub(lane.owed.queue, 4)
      answer[#answer + 1] = lane.subscription
      answer[#answer + 1] = id
      answer[#answer + 1] = pack('>I8I8', age, is == PENDING and math.max(time - now, 0) or 0)
      answer[#answer + 1] = sub(told, 18)
      answer[#answer + 1] = call('HGET', lane.owed.payloads, id)
      found = found + 1
    end
    left = left - 1
    if found == limit or left <= 0 then
      answer[1], answer[2] = lane_name, name
      return answer
    end
  end
  left = left - 1
  if left <= 0 then
    answer[1], answer[2] = lane_name, names[#names] or after
    return answer
  end
end
return answer
