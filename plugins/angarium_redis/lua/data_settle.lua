-- Bring the queue up to date: what expired goes, what is due becomes ready at its position.
-- Each of these is bounded and returns whether there may be more.
local function release(ids, from)
  local positions, added = gather('ZMSCORE', ALL, ids), {}
  for number, id in ipairs(ids) do
    added[2 * number - 1], added[2 * number] = positions[number], id
  end
  many('ZADD', READY, added)
  many('ZREM', from, ids)
end

local function drop_expired()
  local ids = call('ZRANGEBYSCORE', EXPIRING, '-inf', now, 'LIMIT', 0, BOUND)
  if ids[1] then
    remove(ids)
  end
  return #ids == BOUND
end

local function make_ready(from)
  local ids = call('ZRANGEBYSCORE', from, '-inf', now, 'LIMIT', 0, BOUND)
  if ids[1] then
    release(ids, from)
  end
  return #ids == BOUND
end

local function settle()
  return drop_expired() or make_ready(DELAYED) or make_ready(CLAIMED)
end
