-- ARGV: 3 owner, 4 seconds, 5 lanes, 6 duties of each, 7 '1' for suspects. Answers the head of the index,
-- how much the owner holds, and the lanes.
local owner, seconds, limit, duties = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local suspect = tonumber(ARGV[7])
local index = suspect == 1 and SUSPECTS or LANES
local found = {}
for _, name in ipairs(candidates('l', index, owner, limit)) do
  local lane = open_named(name)
  lane.time = first_due(lane)
  if lane.suspect == suspect and lane.time <= now then
    found[#found + 1] = lane
  end
end
table.sort(found, by_time)
local answer = { '', 0 }
for number = 1, math.min(limit, #found) do
  lease(found[number], owner, seconds, duties, answer)
end
answer[1], answer[2] = head(index), #held_by('l', owner)
return answer
