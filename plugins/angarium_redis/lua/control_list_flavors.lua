-- ARGV: 2 project, 3 name to start after, 4 limit.
return call('ZRANGEBYLEX', BASE .. 'flavors:' .. ARGV[2], '(' .. ARGV[3], '+', 'LIMIT', 0, ARGV[4])
