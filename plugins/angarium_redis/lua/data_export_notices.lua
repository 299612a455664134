-- ARGV: 4 limit; where to go on: 5 'n' among the notices or 'd' among the duties, 6 lane and 7 notice or
-- duty to start after. Answers where to go on in this form ('' at the end), and the number of notices; of
-- each: id, payload, numbers (position, age, is it being expanded), cursor; of each duty: subscription,
-- notice, numbers (due, is its lane ordered, is it suspect), state.
local SCAN = 500 -- lanes that one call looks at
local owed, left = owed_of(OWN), tonumber(ARGV[4])
local answer = { '', '', '', 0 }

local function tell_notice(id)
  local is_unexpanded = call('ZSCORE', owed.unexpanded, id) and 1 or 0
  if is_unexpanded == 0 and tonumber(call('HGET', owed.counts, 'p' .. id) or 0) == 0 then
    return
  end
  local told = call('HGET', owed.notices, id)
  local position, created = read('>I8I8', told)
  answer[4], left = answer[4] + 1, left - 1
  answer[#answer + 1] = id
  answer[#answer + 1] = call('HGET', owed.payloads, id)
  answer[#answer + 1] = pack('>I8I8B', position, math.max(now - created, 0), is_unexpanded)
  answer[#answer + 1] = sub(told, 17)
end

local function tell_duty(lane, id)
  local told = call('HGET', lane.duties, id)
  local _, due = read('>BI8', told)
  left = left - 1
  answer[#answer + 1] = lane.subscription
  answer[#answer + 1] = id
  answer[#answer + 1] = pack('>I8BB', math.max(due - now, 0), lane.ordered, lane.suspect)
  answer[#answer + 1] = sub(told, 18)
end

local function go_on(kind, lane, name)
  answer[1], answer[2], answer[3] = kind, lane, name
  return answer
end

if ARGV[5] == 'n' then
  local most = left
  local from = ARGV[7] == '' and '-' or '(' .. ARGV[7]
  local names = call('ZRANGEBYLEX', owed.order, from, '+', 'LIMIT', 0, most)
  for _, name in ipairs(names) do
    tell_notice(sub(name, 17))
  end
  if #names == most then
    return go_on('n', '', names[most])
  end
end

local start, from = joined(owed.queue, ''), '-'
local first = start
if ARGV[5] == 'd' and ARGV[6] ~= '' then
  first, from = ARGV[6], '(' .. ARGV[7]
end
local lanes = call('ZRANGEBYLEX', NAMES, '[' .. first, '(' .. start .. '\255', 'LIMIT', 0, SCAN)
for _, lane_name in ipairs(lanes) do
  local lane = open_named(lane_name)
  from = lane_name == ARGV[6] and from or '-'
  local names = call('ZRANGEBYLEX', lane.pending, from, '+', 'LIMIT', 0, left)
  for _, name in ipairs(names) do
    tell_duty(lane, sub(name, 17))
  end
  if left == 0 then
    return go_on('d', lane_name, names[#names])
  end
end
if #lanes == SCAN then
  return go_on('d', lanes[SCAN], '\255') -- behind all duties of that lane
end
return answer
