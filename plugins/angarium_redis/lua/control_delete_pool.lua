-- ARGV: 2 name.
local name = ARGV[2]
local pool = find_pool(name)
if not pool then
  return 1
end
if pool[TAG] ~= '' and call('ZCARD', BASE .. 'tag:' .. pool[TAG]) == 1 then
  return LAST_OF_TAG
end
if call('ZCARD', BASE .. 'of:' .. name) > 0 or call('ZCARD', BASE .. 'named:' .. name) > 0 then
  return HAS_QUEUES
end
call('HDEL', URIS, pool[URI])
call('ZREM', BASE .. 'tag:' .. pool[TAG], name)
call('ZREM', POOL_NAMES, name)
call('HDEL', POOLS, name)
return 1
