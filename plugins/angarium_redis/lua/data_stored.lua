-- Messages as another store needs them: position, numbers and claim, and the record, which may do
-- without its body.
local function answer_stored(answer, ids, positions, with_bodies)
  local expiries, states, bodies =
    gather('ZMSCORE', EXPIRING, ids), gather('HMGET', STATE, ids), gather('HMGET', BODY, ids)
  local delays = gather('ZMSCORE', DELAYED, ids)
  for number in ipairs(ids) do
    local expires, record = tonumber(expiries[number]), bodies[number]
    local created, ttl, count, lapse = state_of(states[number], expires, record)
    local holder = holder_of(states[number])
    local due = holder and lapse or tonumber(delays[number] or 0)
    if not with_bodies then
      local id_length, client_length, checksum_length = read('>I2I2I2', record, 17)
      local length = checksum_length == 65535 and 0 or checksum_length
      record = sub(record, 1, 22 + id_length + client_length + length)
    end
    answer[#answer + 1] = positions[number]
    answer[#answer + 1] = pack(
      '>I8I8I8I8I8', expires - now, ttl, math.max(now - created, 0), count, math.max(due - now, 0)
    ) .. (holder or '')
    answer[#answer + 1] = record
  end
  return answer
end
