-- ARGV: 4 record, as `records.py` packs it. Does what `data_post` does, for the batch that is the usual
-- one: a single message, of which the record tells too whether it is there already.
local record = ARGV[4]
local ttl, delay, id_length = read('>I8I8I2', record)
local id, expires = sub(record, 23, 22 + id_length), now + ttl
if call('HSETNX', BODY, id, record) == 0 then
  if tonumber(call('ZSCORE', EXPIRING, id) or 0) > now then
    return 0 -- it was stored before
  end
  forget(id, true)
  call('HSET', BODY, id, record)
end
local last = math.max(tonumber(queue[2] or 0) + 1, clock[1] * 1000000 + clock[2])
last = format('%.0f', last)
call('HSET', QUEUE, 'last', last)
call('ZADD', ALL, last, id)
if delay > 0 then
  call('ZADD', DELAYED, now + delay, id)
else
  call('ZADD', READY, last, id)
end
call('ZADD', EXPIRING, expires, id)
mark(expires)
