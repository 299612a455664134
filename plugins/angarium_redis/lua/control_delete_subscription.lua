-- ARGV: 2 scope, 3 the clock's offset, 4 id.
local found = read_live(ARGV[4])
if found then
  forget(ARGV[4], found)
end
return found and tell(ARGV[4], found)
