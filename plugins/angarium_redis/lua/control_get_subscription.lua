-- ARGV: 2 scope, 3 the clock's offset, 4 id.
local found = read_live(ARGV[4])
return found and tell(ARGV[4], found)
