-- ARGV: 3 owner, 4 queue, 5 subscription, 6 seconds to keep the lane, 7 further duties, 8 '1' if it is
-- suspect, then outcomes: notice; status, due and keep; state. Answers the heads of the two indexes of
-- lanes, and the lane if it was kept.
local owner, duties = ARGV[3], tonumber(ARGV[7])
local lane = open_lane(owed_of(ARGV[4]), ARGV[5])
if not lane.stored or (lane.owner ~= '' and lane.owner ~= owner) then
  return { '', '' }
end
for number = 9, #ARGV, 3 do
  local id = ARGV[number]
  local told = call('HGET', lane.duties, id)
  if told and read('>B', told) == PENDING then
    local _, _, position = read('>BI8I8', told)
    local status, due, keep = read('>BI8I8', ARGV[number + 1])
    if status == PENDING then
      make_pending(lane, id, position, now + due, ARGV[number + 2])
    else
      end_duty(lane, id, position, status, ARGV[number + 2], keep)
    end
  end
end
lane.suspect = tonumber(ARGV[8])
local answer = { '', '' }
if ARGV[6] == '0' or not lease(lane, owner, ARGV[6], duties, answer) then
  hand(lane, lane.owner, 0)
  save(lane)
end
answer[1], answer[2] = head(LANES), head(SUSPECTS)
return answer
