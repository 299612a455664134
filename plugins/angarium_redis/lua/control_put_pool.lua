-- ARGV: 2 name, 3 uri, 4 weight, 5 tag, 6 options.
local name, uri = ARGV[2], ARGV[3]
local owner, before = call('HGET', URIS, uri), find_pool(name)
if owner and owner ~= name then
  return URI_TAKEN
end
if before then
  call('HDEL', URIS, before[URI])
end
call('HSET', URIS, uri, name)
call('ZADD', POOL_NAMES, 0, name)
tag(name, { uri, ARGV[4], before and before[TAG] or ARGV[5], ARGV[6] }, ARGV[5])
return 1
