-- Scripts on the deliveries of a whole shard begin with this. KEYS: the indexes of the shard. ARGV: 1 what
-- the keys of the store begin with, 2 the clock's offset, and whatever the operation takes.
local call, pack, read = redis.call, struct.pack, struct.unpack
local format, sub = string.format, string.sub
local PREFIX, now = ARGV[1], redis.call('TIME')[1] + ARGV[2]
