-- ARGV: 2 scope, 3 the clock's offset.
call('UNLINK', HELD, IDS, SUBSCRIBERS, ENDS)
call('ZREM', EXPIRING, scope)
return 1
