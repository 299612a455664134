-- KEYS: those of the queue. ARGV: its member in the index, the epoch, seconds to keep a tombstone.
local known = redis.call('HMGET', KEYS[1], 'epoch', 'buried')
local epoch = known[1] or known[2]
if not epoch or tonumber(epoch) < tonumber(ARGV[2]) then
  redis.call('UNLINK', unpack(KEYS, 1, 10))
  redis.call('ZREM', KEYS[11], ARGV[1])
  redis.call('HSET', KEYS[1], 'buried', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return 1
