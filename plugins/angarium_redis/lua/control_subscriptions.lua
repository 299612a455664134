-- A subscription: subscriber, ttl, creation, end, options, is it confirmed, delivery secret (or false). Of
-- each scope there are these by id, the ids in order, the id of each subscriber, and the ends by id.
-- EXPIRING has the scopes by their first end.
local SUBSCRIBER, TTL, CREATED, EXPIRES, OPTIONS, CONFIRMED, SECRET = 1, 2, 3, 4, 5, 6, 7

local scope, now = ARGV[2], call('TIME')[1] + ARGV[3]

local function keys_of(name)
  return BASE .. 'subscriptions:' .. name,
    BASE .. 'subscription-ids:' .. name,
    BASE .. 'subscribers:' .. name,
    BASE .. 'subscription-ends:' .. name
end

local HELD, IDS, SUBSCRIBERS, ENDS = keys_of(scope)

local function read_one(id)
  local raw = call('HGET', HELD, id)
  return raw and cmsgpack.unpack(raw)
end

local function read_live(id)
  local found = read_one(id)
  return found and found[EXPIRES] > now and found
end

local function tell(id, found)
  return {
    id,
    found[SUBSCRIBER],
    found[TTL],
    math.max(now - found[CREATED], 0),
    found[EXPIRES] - now,
    found[OPTIONS],
    found[CONFIRMED],
    optional(found[SECRET]),
  }
end

-- Note when the next one of the scope ends.
local function mark()
  local first = call('ZRANGE', ENDS, 0, 0, 'WITHSCORES')[2]
  if first then
    call('ZADD', EXPIRING, first, scope)
  else
    call('ZREM', EXPIRING, scope)
  end
end

local function write(id, changed)
  call('HSET', HELD, id, cmsgpack.pack(changed))
  call('ZADD', IDS, 0, id)
  call('HSET', SUBSCRIBERS, changed[SUBSCRIBER], id)
  call('ZADD', ENDS, changed[EXPIRES], id)
  mark()
end

local function free(subscriber, id)
  if call('HGET', SUBSCRIBERS, subscriber) == id then
    call('HDEL', SUBSCRIBERS, subscriber)
  end
end

local function forget(id, found)
  call('HDEL', HELD, id)
  call('ZREM', IDS, id)
  call('ZREM', ENDS, id)
  free(found[SUBSCRIBER], id)
  mark()
end

-- The id of the live subscription of a subscriber, and itself; a former one is forgotten.
local function find_subscriber(subscriber)
  local id = call('HGET', SUBSCRIBERS, subscriber)
  local found = id and read_one(id)
  if found and found[EXPIRES] > now then
    return id, found
  elseif found then
    forget(id, found)
  end
end
