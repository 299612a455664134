-- Scripts on the deliveries of one queue: KEYS end with the indexes of its shard. Its keys begin with
-- prefix, tag of the bucket and member.
local AREA = sub(QUEUE, 1, -7 - #ARGV[1])
local PREFIX, OWN = sub(AREA, 1, -8), sub(AREA, -5, -3) .. ARGV[1]
