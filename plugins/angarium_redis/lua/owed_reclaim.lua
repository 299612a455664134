-- ARGV: 3 most duties to forget. Forgets duties that were kept long enough, and what held imported notices.
local due = call('ZRANGEBYSCORE', KEPT, '-inf', now, 'LIMIT', 0, ARGV[3])
for _, name in ipairs(due) do
  if sub(name, 1, 1) == 'h' then
    local queue, id = split(sub(name, 2))
    local owed = owed_of(queue)
    if call('HEXISTS', owed.notices, id) == 1 then
      release_notice(owed, id)
    end
  else
    local lane_name, duty = split(name)
    local lane = open_named(lane_name)
    call('ZREM', lane.over, duty)
    forget_duty(lane, sub(duty, 17))
    if not lane.stored and call('ZCARD', lane.over) == 0 then
      call('ZREM', NAMES, lane_name)
    end
  end
  call('ZREM', KEPT, name)
end
return #due
