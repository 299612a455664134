local function forget_duty(lane, id)
  call('HDEL', lane.duties, id)
  release_notice(lane.owed, id)
end

local function end_duty(lane, id, position, status, state, keep)
  local name = duty_name(position, id)
  call('ZREM', lane.pending, name)
  call('ZREM', lane.due, name)
  call('HINCRBY', lane.owed.counts, 'p' .. id, -1)
  if keep > 0 then
    call('HSET', lane.duties, id, pack('>BI8I8', status, now + keep, position) .. state)
    call('ZADD', lane.over, 0, name)
    call('ZADD', KEPT, now + keep, joined(lane.name, name))
  else
    forget_duty(lane, id)
  end
end
