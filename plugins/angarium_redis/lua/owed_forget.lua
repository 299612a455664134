-- Forget what a queue owes, a bounded part at a time; returns whether there may be more.
local MOST = 1000 -- duties and lanes

local function forget_kept(lane)
  local names = call('ZRANGE', lane.over, 0, MOST - 1)
  for _, name in ipairs(names) do
    call('ZREM', KEPT, joined(lane.name, name))
    call('ZREM', lane.over, name)
  end
  return #names
end

local function forget_queue(owed)
  local start, left = joined(owed.queue, ''), MOST
  local names =
    call('ZRANGEBYLEX', NAMES, '[' .. start, '(' .. start .. '\255', 'LIMIT', 0, MOST)
  for _, name in ipairs(names) do
    local lane = open_named(name)
    left = left - forget_kept(lane) - 1
    if left <= 0 then
      return true
    end
    hand(lane, '', 0)
    call('UNLINK', lane.duties, lane.pending, lane.due, lane.over)
    call('HDEL', owed.lanes, lane.subscription)
    call('ZREM', LANES, name)
    call('ZREM', SUSPECTS, name)
    call('ZREM', NAMES, name)
  end
  local owner = lease_of(owed)
  if owner then
    note_lease('n', owed.queue, owner, '', 0)
  end
  call('ZREM', NOTICES, owed.queue)
  call(
    'UNLINK', owed.notices, owed.payloads, owed.counts, owed.order, owed.unexpanded,
    owed.leased, owed.lanes
  )
  return false
end
