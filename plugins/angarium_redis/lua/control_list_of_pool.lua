-- ARGV: 2 pool, 3 scope to start after, 4 limit. Answers scopes and records in turn.
local scopes = call('ZRANGEBYLEX', BASE .. 'of:' .. ARGV[2], '(' .. ARGV[3], '+', 'LIMIT', 0, ARGV[4])
local found = {}
for number, scope in ipairs(scopes) do
  found[2 * number - 1], found[2 * number] = scope, answer(scope, find(scope))
end
return found
