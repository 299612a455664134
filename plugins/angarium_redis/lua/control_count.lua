-- ARGV: 2 group.
return call('ZCARD', BASE .. 'names:' .. ARGV[2])
