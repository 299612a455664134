-- KEYS: those of the queue. ARGV: its member in the index, most things to free, the clock's offset.
local limit, now = tonumber(ARGV[2]), clock[1] + ARGV[3]
local expired = call('ZRANGEBYSCORE', EXPIRING, '-inf', now, 'LIMIT', 0, limit)
if expired[1] then
  remove(expired)
end
local lapsed = call('ZRANGEBYSCORE', LAPSES, '-inf', now, 'LIMIT', 0, limit - #expired)
if lapsed[1] then
  many('HDEL', CLAIMS, lapsed)
  many('ZREM', LAPSES, lapsed)
end
local first, next_due = call('ZRANGE', EXPIRING, 0, 0, 'WITHSCORES')[2], nil
local lapse = call('ZRANGE', LAPSES, 0, 0, 'WITHSCORES')[2]
if first or lapse then
  next_due = math.min(tonumber(first or math.huge), tonumber(lapse or math.huge))
  call('HSET', QUEUE, 'due', next_due)
  call('ZADD', INDEX, next_due, ARGV[1])
else
  call('HDEL', QUEUE, 'due')
  call('ZREM', INDEX, ARGV[1])
end
return #expired + #lapsed
