-- ARGV: 2 project, 3 name.
local flavor = ARGV[3]
if call('ZREM', BASE .. 'flavors:' .. ARGV[2], flavor) == 1 then
  if call('HINCRBY', FLAVORS, flavor, -1) == 0 then
    call('HDEL', FLAVORS, flavor)
    for _, name in ipairs(call('ZRANGE', BASE .. 'tag:' .. flavor, 0, -1)) do
      tag(name, find_pool(name), '')
    end
  end
end
return 1
