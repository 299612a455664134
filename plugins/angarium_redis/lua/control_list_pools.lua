-- ARGV: 2 name to start after, 3 limit.
return tell(call('ZRANGEBYLEX', POOL_NAMES, '(' .. ARGV[2], '+', 'LIMIT', 0, ARGV[3]))
