-- ARGV: 4 'n' for notices or 'd' for duties, 5 lane and 6 notice or duty to start after, 7 limit.
-- Answers where to go on in the same form, twice '' at the end of each kind; then of each notice: id, payload, numbers
-- (position, age, is it being expanded), cursor; of each duty: subscription, notice, numbers (due, is its
-- lane ordered, is it suspect), state.
local SCAN = 500 -- notices and lanes that one call looks at, beside the duties it answers
local owed, after, limit = owed_of(OWN), ARGV[6], tonumber(ARGV[7])
local answer = { '', '' }

local function export_notices()
  local names =
    call('ZRANGEBYLEX', owed.order, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
  for _, name in ipairs(names) do
    local id = sub(name, 17)
    local is_unexpanded = call('ZSCORE', owed.unexpanded, id) and 1 or 0
    local pending = tonumber(call('HGET', owed.counts, 'p' .. id) or 0)
    if is_unexpanded == 1 or pending > 0 then
      local told = call('HGET', owed.notices, id)
      local position, created = read('>I8I8', told)
      answer[#answer + 1] = id
      answer[#answer + 1] = call('HGET', owed.payloads, id)
      answer[#answer + 1] = pack('>I8I8B', position, math.max(now - created, 0), is_unexpanded)
      answer[#answer + 1] = sub(told, 17)
    end
  end
  if #names == limit then
    answer[2] = names[#names]
  end
  return answer
end

local function export_duties()
  local start, left = joined(owed.queue, ''), limit
  local first = ARGV[5] == '' and start or ARGV[5]
  local names =
    call('ZRANGEBYLEX', NAMES, '[' .. first, '(' .. start .. '\255', 'LIMIT', 0, SCAN)
  for _, lane_name in ipairs(names) do
    local lane = open_named(lane_name)
    local from = lane_name == ARGV[5] and after ~= '' and '(' .. after or '-'
    for _, name in ipairs(call('ZRANGEBYLEX', lane.pending, from, '+', 'LIMIT', 0, left)) do
      local id = sub(name, 17)
      local told = call('HGET', lane.duties, id)
      local _, due = read('>BI8', told)
      answer[#answer + 1] = lane.subscription
      answer[#answer + 1] = id
      answer[#answer + 1] = pack('>I8BB', math.max(due - now, 0), lane.ordered, lane.suspect)
      answer[#answer + 1] = sub(told, 18)
      left = left - 1
      answer[1], answer[2] = lane_name, name
    end
    if left == 0 then
      return answer
    end
  end
  if #names < SCAN then
    answer[1], answer[2] = '', ''
  elseif answer[1] ~= names[#names] then
    answer[1], answer[2] = names[#names], ''
  end
  return answer
end

return ARGV[4] == 'n' and export_notices() or export_duties()
