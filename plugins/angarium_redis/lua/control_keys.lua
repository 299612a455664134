-- All keys of the management store are in one slot. ARGV[1] is what those that a script composes
-- begin with. A record: epoch, state, pool, target and source (or false), end of its lease, and the
-- token of its last change, by which a repeated change is known.
local call = redis.call
local RECORDS, METADATA, EPOCH, POOLS, POOL_NAMES, URIS, FLAVORS = unpack(KEYS)
local BASE = ARGV[1]
local CHANGED, URI_TAKEN, LAST_OF_TAG, HAS_QUEUES = -1, -2, -3, -4
