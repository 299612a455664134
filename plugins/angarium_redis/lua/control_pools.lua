-- A pool: uri, weight, tag, options.
local URI, WEIGHT, TAG, OPTIONS = 1, 2, 3, 4

local function find_pool(name)
  local raw = call('HGET', POOLS, name)
  return raw and cmsgpack.unpack(raw)
end

local function tag(name, pool, new_tag)
  call('ZREM', BASE .. 'tag:' .. pool[TAG], name)
  pool[TAG] = new_tag
  call('ZADD', BASE .. 'tag:' .. new_tag, 0, name)
  call('HSET', POOLS, name, cmsgpack.pack(pool))
end

local function tell(names)
  local found = {}
  for number, name in ipairs(names) do
    local pool = find_pool(name)
    table.insert(pool, 1, name)
    found[number] = pool
  end
  return found
end
