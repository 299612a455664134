local EPOCH_IS, STATE, POOL, TARGET, SOURCE, LEASE, TOKEN, SUBSCRIBED = 1, 2, 3, 4, 5, 6, 7, 8

local function find(scope)
  local raw = call('HGET', RECORDS, scope)
  return raw and cmsgpack.unpack(raw)
end

-- As it is answered: nothing ends a list before its time, so '-' is none and '+' goes before a text.
local function optional(text)
  return text and '+' .. text or '-'
end

local function answer(scope, record)
  return {
    record[EPOCH_IS],
    record[STATE],
    record[POOL],
    optional(record[TARGET]),
    optional(record[SOURCE]),
    call('HGET', METADATA, scope),
    record[SUBSCRIBED] and 1 or 0,
  }
end

local function text_of(given)
  return string.sub(given, 1, 1) == '+' and string.sub(given, 2)
end

-- Milliseconds since 1970 at least: a counter that a fail-over set back gives no epoch twice.
local function next_epoch()
  local clock = call('TIME')
  local epoch = tonumber(call('GET', EPOCH) or 0) + 1
  epoch = math.max(epoch, clock[1] * 1000 + math.floor(clock[2] / 1000))
  call('SET', EPOCH, epoch)
  return epoch
end

-- Whether a scope has a live subscription.
local function has_subscriptions(scope, now)
  return call('ZCOUNT', BASE .. 'subscription-ends:' .. scope, '(' .. now, '+inf') > 0
end

local function has_pool(name)
  return not name or name == '' or call('HEXISTS', POOLS, name) == 1
end

-- The indexes: the names of a project, the queues of a pool, and those that name it otherwise.
local function index(scope, group, name, before, after)
  local names = BASE .. 'names:' .. group
  if after and after[STATE] ~= 'deleting' then
    call('ZADD', names, 0, name)
  else
    call('ZREM', names, name)
  end
  if (before and before[POOL]) ~= (after and after[POOL]) then
    if before then
      call('ZREM', BASE .. 'of:' .. before[POOL], scope)
    end
    if after then
      call('ZADD', BASE .. 'of:' .. after[POOL], 0, scope)
    end
  end
  for place = TARGET, SOURCE do
    local old, new = before and before[place], after and after[place]
    if old ~= new then
      if old then
        call('ZREM', BASE .. 'named:' .. old, place .. scope)
      end
      if new then
        call('ZADD', BASE .. 'named:' .. new, 0, place .. scope)
      end
    end
  end
end

local function store(scope, group, name, before, after)
  call('HSET', RECORDS, scope, cmsgpack.pack(after))
  index(scope, group, name, before, after)
end
