-- The names that the scripts on a queue use.
-- KEYS: those of the queue. ARGV: its member in the index, its epoch, the clock's offset, and
-- whatever the operation takes.
local call, pack, read = redis.call, struct.pack, struct.unpack
local format, sub = string.format, string.sub
local QUEUE, ALL, READY, DELAYED, CLAIMED, EXPIRING, STATE, BODY, CLAIMS, LAPSES, INDEX =
  unpack(KEYS, 1, 11)
local STALE, AGAIN, DEAD_LETTER_STALE, DEAD_LETTER_MISSING = -1, -2, -3, -4
local NO_CLAIM, IS_CLAIMED, CLAIM_UNKNOWN, NOT_CLAIMED, CLAIMED_BY_OTHER, OTHER_CLAIM =
  -5, -6, -7, -8, -9, -10
local BOUND = 200 -- messages that one call moves on its way

local queue = call('HMGET', QUEUE, 'epoch', 'last', 'due')
local clock = call('TIME')
