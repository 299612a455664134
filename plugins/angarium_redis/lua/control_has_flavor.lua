-- ARGV: 2 project, 3 name.
return call('ZSCORE', BASE .. 'flavors:' .. ARGV[2], ARGV[3]) and 1 or 0
