-- The index of the bucket holds every queue that has something to be reclaimed, by the time.
local function mark(time)
  if not queue[3] or time < tonumber(queue[3]) then
    call('HSET', QUEUE, 'due', time)
    call('ZADD', INDEX, time, ARGV[1])
  end
end
