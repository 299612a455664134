-- What changes of a message: when it was posted, ttl as shown, claims made on it, and its claim with
-- the time at which that lapses. A message that was never claimed has no such record.
local function state_of(raw, expires, body)
  if raw then
    local created, ttl, count, lapse = read('>I8I8I8I8', raw)
    return created, ttl, count, lapse, sub(raw, 33)
  end
  local ttl = read('>I8', body)
  return expires - ttl, ttl, 0, 0, ''
end

local function new_state(created, ttl, count, lapse, claim_id)
  return pack('>I8I8I8I8', created, ttl, count, lapse) .. claim_id
end

-- The live claim that holds a message, or nil.
local function holder_of(raw)
  if raw and #raw > 32 and read('>I8', raw, 25) > now then
    return sub(raw, 33)
  end
end

-- A message as it is answered, beside its body.
local function seen(ttl, created, count, claim_id)
  return pack('>I8I8I8', ttl, math.max(now - created, 0), count) .. claim_id
end

local function seen_as_stored(raw, expires, body)
  local created, ttl, count = state_of(raw, expires, body)
  return seen(ttl, created, count, holder_of(raw) or '')
end
