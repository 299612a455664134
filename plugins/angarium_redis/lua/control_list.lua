-- ARGV: 2 group, 3 name to start after, 4 limit. Answers names and records in turn.
local names =
  call('ZRANGEBYLEX', BASE .. 'names:' .. ARGV[2], '(' .. ARGV[3], '+', 'LIMIT', 0, ARGV[4])
local found = {}
for number, name in ipairs(names) do
  local scope = ARGV[2] .. name
  found[2 * number - 1], found[2 * number] = name, answer(scope, find(scope))
end
return found
