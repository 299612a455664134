-- All keys of the management store are in one slot. ARGV[1] is what those that a script composes
-- begin with. A record: epoch, state, pool, target and source (or false), end of its lease, the token
-- of its last change, by which a repeated change is known, and whether it has subscribers.
local call = redis.call
local RECORDS, METADATA, EPOCH, POOLS, POOL_NAMES, URIS, FLAVORS, EXPIRING = unpack(KEYS)
local BASE = ARGV[1]
local CHANGED, URI_TAKEN, LAST_OF_TAG, HAS_QUEUES, SUBSCRIBER_TAKEN = -1, -2, -3, -4, -5
