"""What happens inside Redis in one step, so that the list and its position never part."""

from __future__ import annotations

PAGE = """
-- KEYS: about, list, rows. ARGV: the score to begin from, the member that is left out with all
-- above it at that score, how many.
local about = redis.call('HMGET', KEYS[1], 'position', 'model', 'mark', 'newest')
if not about[1] then return {} end
local wanted, found, from = tonumber(ARGV[3]), {}, 0
while #found < wanted do
  local some = redis.call('ZREVRANGEBYSCORE', KEYS[2], ARGV[1], '-inf', 'LIMIT', from, wanted + 1,
    'WITHSCORES')
  if #some == 0 then break end
  for n = 1, #some, 2 do
    local below = some[n + 1] ~= ARGV[1] or some[n] < ARGV[2]
    if #found < wanted and (ARGV[2] == '' or below) then found[#found + 1] = some[n] end
  end
  from = from + #some / 2
end
local rows = {}
for n = 1, #found do rows[n] = redis.call('HGET', KEYS[3], found[n]) end
return {about[1], about[2] or '', about[3] or '', about[4] or '', rows}
"""
"""A page of a list with the position that all of it is at; nothing where Redis holds none."""

CHANGE = """
-- KEYS: about, list, rows, owners, and the beginning of the lists of users. ARGV: the position that
-- is expected ('' for any), the position afterwards, the model, the mark, whether these are only
-- the newest, milliseconds until it all expires, whether it is all made anew, then in threes:
-- member, score ('' to take it away), row.
local about, list, rows, owners, user = unpack(KEYS)
if ARGV[1] ~= '' and ARGV[1] ~= redis.call('HGET', about, 'position') then return 0 end

local function away(member)
  local owner = redis.call('HGET', owners, member)
  if owner then redis.call('ZREM', user .. owner, member) end
  redis.call('ZREM', list, member)
  redis.call('HDEL', rows, member)
  redis.call('HDEL', owners, member)
end

if ARGV[7] == '1' then
  for _, owner in ipairs(redis.call('HVALS', owners)) do redis.call('DEL', user .. owner) end
  redis.call('DEL', about, list, rows, owners)
end
for n = 8, #ARGV, 3 do
  local member, score, row = ARGV[n], ARGV[n + 1], ARGV[n + 2]
  away(member)
  if score ~= '' then
    redis.call('ZADD', list, score, member)
    redis.call('HSET', rows, member, row)
    local owner = cjson.decode(row)['user_id']
    if type(owner) == 'string' then
      redis.call('HSET', owners, member, owner)
      redis.call('ZADD', user .. owner, score, member)
      redis.call('PEXPIRE', user .. owner, ARGV[6])
    end
  end
end
redis.call('HSET', about, 'position', ARGV[2], 'model', ARGV[3], 'mark', ARGV[4],
  'newest', ARGV[5])
-- Now and then: there may be many users.
if redis.call('PTTL', about) < 0.9 * ARGV[6] then
  for _, key in ipairs({about, list, rows, owners}) do redis.call('PEXPIRE', key, ARGV[6]) end
  for _, owner in ipairs(redis.call('HVALS', owners)) do
    redis.call('PEXPIRE', user .. owner, ARGV[6])
  end
end
return 1
"""
"""Changes rows and the position together, where the position is still the expected one."""
