-- ARGV: 2 project, 3 name, 4... pools. Answers the pool that is missing, if one is.
local flavor, wanted = ARGV[3], {}
for number = 4, #ARGV do
  if not find_pool(ARGV[number]) then
    return ARGV[number]
  end
  wanted[ARGV[number]] = true
end
for _, name in ipairs(call('ZRANGE', BASE .. 'tag:' .. flavor, 0, -1)) do
  if not wanted[name] then
    tag(name, find_pool(name), '')
  end
end
for number = 4, #ARGV do
  tag(ARGV[number], find_pool(ARGV[number]), flavor)
end
-- FLAVORS counts the projects that have a flavor of a name.
if call('ZADD', BASE .. 'flavors:' .. ARGV[2], 0, flavor) == 1 then
  call('HINCRBY', FLAVORS, flavor, 1)
end
return 1
