-- Forget messages, whatever their state. BASE is where the keys of their queue begin in KEYS.
local function remove(ids, base)
  base = base or 0
  for number = base + 2, base + 6 do
    many('ZREM', KEYS[number], ids)
  end
  many('HDEL', KEYS[base + 7], ids)
  many('HDEL', KEYS[base + 8], ids)
end
