-- ARGV: 3 owner, 4 seconds, 5 limit. Answers the head of the index, how much the owner holds;
-- of each notice: queue, id, position, cursor, age, payload.
local owner, lapse, limit = ARGV[3], now + ARGV[4], tonumber(ARGV[5])
local queues = candidates('n', NOTICES, owner, limit)
for number, queue in ipairs(queues) do
  local owed = owed_of(queue)
  owed.time = created_of(owed, call('ZRANGE', owed.unexpanded, 0, 0)[1])
  queues[number] = owed
end
table.sort(queues, by_time)
local answer, found = { '', 0 }, 0
for _, owed in ipairs(queues) do
  if found >= limit then
    break
  end
  local page = call('ZRANGE', owed.unexpanded, 0, limit - found - 1, 'WITHSCORES')
  for number = 1, #page, 2 do
    local id = page[number]
    local told = call('HGET', owed.notices, id)
    local _, created = read('>I8I8', told)
    answer[#answer + 1] = sub(owed.queue, 4)
    answer[#answer + 1] = id
    answer[#answer + 1] = page[number + 1]
    answer[#answer + 1] = sub(told, 17)
    answer[#answer + 1] = math.max(now - created, 0)
    answer[#answer + 1] = call('HGET', owed.payloads, id)
    found = found + 1
  end
  local holder, _, upto = lease_of(owed)
  local last = page[#page]
  if holder == owner and upto > tonumber(last) then
    last = format('%.0f', upto)
  end
  hand_queue(owed, holder, owner, lapse, last)
  call('ZADD', NOTICES, lapse, owed.queue)
end
answer[1], answer[2] = head(NOTICES), #held_by('n', owner)
return answer
