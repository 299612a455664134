if drop_expired() then
  return AGAIN
end
local answer = { call('ZCARD', ALL), call('ZCOUNT', CLAIMED, '(' .. now, '+inf') }
if answer[1] > 0 then
  for _, rank in ipairs({ 0, -1 }) do
    local id = call('ZRANGE', ALL, rank, rank)[1]
    local expires, raw = tonumber(call('ZSCORE', EXPIRING, id)), call('HGET', STATE, id)
    local created = state_of(raw, expires, not raw and call('HGET', BODY, id))
    answer[#answer + 1] = id
    answer[#answer + 1] = math.max(now - created, 0)
    answer[#answer + 1] = created
  end
end
return answer
