-- ARGV: 2 scope.
local record = find(ARGV[2])
return record and answer(ARGV[2], record)
