-- ARGV: 2 tag.
return tell(call('ZRANGE', BASE .. 'tag:' .. ARGV[2], 0, -1))
