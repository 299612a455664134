-- KEYS: those of the queue. ARGV: its member in the index, the epoch.
local known = redis.call('HMGET', KEYS[1], 'epoch', 'buried')
local epoch = known[1] or known[2]
if not epoch or tonumber(epoch) < tonumber(ARGV[2]) then
  if known[2] then
    redis.call('DEL', KEYS[1])
  end
  redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
end
return 1
