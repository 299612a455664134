-- ARGV[4...LAST_RECORD]: records as `records.py` packs them: ttl, delay, three lengths, id and the rest.
local ids, all, ready, delayed, expiring, bodies = {}, {}, {}, {}, {}, {}
local last = math.max(tonumber(queue[2] or 0), clock[1] * 1000000 + clock[2] - 1)
local first_expiry = math.huge
for number = 4, LAST_RECORD do
  local record = ARGV[number]
  local ttl, delay, id_length = read('>I8I8I2', record)
  local id, expires, place = sub(record, 23, 22 + id_length), now + ttl, 2 * number - 7
  last = last + 1
  local position = format('%.0f', last)
  ids[number - 3] = id
  all[place], all[place + 1] = position, id
  if delay > 0 then
    delayed[#delayed + 1], delayed[#delayed + 2] = now + delay, id
  else
    ready[#ready + 1], ready[#ready + 2] = position, id
  end
  expiring[place], expiring[place + 1] = expires, id
  bodies[place], bodies[place + 1] = id, record
  first_expiry = math.min(first_expiry, expires)
end

local leftovers = {}
for number, expires in ipairs(gather('ZMSCORE', EXPIRING, ids)) do
  if expires then
    if tonumber(expires) > now then
      return 0 -- it is there, so the batch was stored before
    end
    leftovers[#leftovers + 1] = ids[number]
  end
end
if leftovers[1] then
  remove(leftovers)
end
call('HSET', QUEUE, 'last', format('%.0f', last))
many('HSET', BODY, bodies)
many('ZADD', ALL, all)
many('ZADD', READY, ready)
many('ZADD', DELAYED, delayed)
many('ZADD', EXPIRING, expiring)
mark(first_expiry)
