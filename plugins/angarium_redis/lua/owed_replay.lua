-- ARGV: 3 queue, 4 subscription, 5 notice, 6 state. Answers the heads of the two indexes of lanes, or 0 if
-- there is no such duty.
local id = ARGV[5]
local lane = open_lane(owed_of(ARGV[3]), ARGV[4])
local told = call('HGET', lane.duties, id)
if not told then
  return 0
end
local status, time, position = read('>BI8I8', told)
if status ~= PENDING then
  if time <= now then
    return 0
  end
  local name = duty_name(position, id)
  call('ZREM', lane.over, name)
  call('ZREM', KEPT, joined(lane.name, name))
  call('HINCRBY', lane.owed.counts, 'p' .. id, 1)
end
make_pending(lane, id, position, now, ARGV[6])
save(lane)
return { head(LANES), head(SUSPECTS) }
