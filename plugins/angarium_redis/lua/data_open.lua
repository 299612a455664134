-- Every operation on a queue begins with this: its epoch, the time.
if queue[1] ~= ARGV[2] then
  return STALE
end
local now = clock[1] + ARGV[3]
