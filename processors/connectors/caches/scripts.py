"""What the server does in one step, in Lua. All keys of a cache begin with one prefix, which is the only KEYS[1].

    e:<key>     one entry, a hash: v value, k kind, t kept at, f fresh until (ms of the server's clock)
    names       all keys, in order of their letters         used     the same by last use
    ends        the same by the end of their life           sizes    bytes of each; under "" those of all together
    counts      hits, misses, stale, evicted                lease:<key>  who fetches the value now
    gen         goes up when everything is forgotten, so that what was being fetched then is not kept

Times are the server's, so that processes need not agree on one. What ends by itself is left to the server; its name
and size are cleared at the next change or look. The prefix has a hash tag, so that a cache lies on one node.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from redis.asyncio import Redis

_LIBRARY: Final = """
local p = KEYS[1]
local INDEX = {'names', 'used', 'ends', 'sizes'}
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function whole(n) return string.format('%.0f', n) end
local function forget(key)
  redis.call('UNLINK', p .. 'e:' .. key)
  local size = redis.call('HGET', p .. 'sizes', key)
  if not size then return 0 end
  redis.call('HDEL', p .. 'sizes', key)
  redis.call('HINCRBY', p .. 'sizes', '', '-' .. size)
  for i = 1, 3 do redis.call('ZREM', p .. INDEX[i], key) end
  return 1
end
local function sweep(at, most)
  local ended = redis.call('ZRANGEBYSCORE', p .. 'ends', '-inf', whole(at), 'LIMIT', 0, most)
  for _, key in ipairs(ended) do forget(key) end
  return #ended
end
local function lasting(name, ms)
  if redis.call('PTTL', p .. name) < ms then redis.call('PEXPIRE', p .. name, whole(ms)) end
end
local function count(name, by)
  if redis.call('HINCRBY', p .. 'counts', name, by) == by then lasting('counts', 7776000000) end
end
local function total() return tonumber(redis.call('HGET', p .. 'sizes', '') or '0') end
local function make_room(room)
  for _ = 1, 1000 do
    if total() <= room then return end
    local oldest = redis.call('ZRANGE', p .. 'used', 0, 0)[1]
    if not oldest then
      for _, name in ipairs(INDEX) do redis.call('UNLINK', p .. name) end
      return
    end
    forget(oldest)
    count('evicted', 1)
  end
end
local function keep(key, kind, value, size, fresh_ms, life_ms, room)
  local at = clock()
  sweep(at, 20)
  forget(key)
  local entry = p .. 'e:' .. key
  redis.call('HSET', entry, 'v', value, 'k', kind, 't', whole(at), 'f', whole(at + fresh_ms))
  redis.call('PEXPIRE', entry, whole(life_ms))
  redis.call('HSET', p .. 'sizes', key, size)
  redis.call('HINCRBY', p .. 'sizes', '', size)
  redis.call('ZADD', p .. 'names', 0, key)
  redis.call('ZADD', p .. 'used', whole(at), key)
  redis.call('ZADD', p .. 'ends', whole(at + life_ms), key)
  for _, name in ipairs(INDEX) do lasting(name, life_ms + 86400000) end
  lasting('counts', 7776000000)
  make_room(room)
end
local function is_holder(key, token) return redis.call('GET', p .. 'lease:' .. key) == token end
local function gen() return redis.call('GET', p .. 'gen') or '0' end
"""

# ARGV: key, wanted kind ("" any of one's own), token ("" asks for no lease), lease in ms, 1 when nobody will ask again
_READ: Final = """
local key, kind, token, last = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local lease = p .. 'lease:' .. key
local function leads() return token ~= '' and redis.call('SET', lease, token, 'NX', 'PX', ARGV[4]) end
local found = redis.call('HMGET', p .. 'e:' .. key, 'v', 'k', 't', 'f')
if found[1] and (kind == '' or found[2] == kind) then
  local at = clock()
  redis.call('ZADD', p .. 'used', 'XX', whole(at), key)
  local age = math.max(0, at - found[3])
  count('hits', 1)
  if at < tonumber(found[4]) then return {'fresh', found[1], found[2], age, ''} end
  count('stale', 1)
  if leads() then return {'refresh', found[1], found[2], age, gen()} end
  return {'stale', found[1], found[2], age, ''}
end
if token == '' or last == '1' then
  count('misses', 1)
  return {'none', '', '', 0, ''}
end
if leads() then
  count('misses', 1)
  return {'lead', '', '', 0, gen()}
end
return {'follow', '', '', 0, ''}
"""

# ARGV: key, kind, value, size, fresh for ms, life in ms, room
_SET: Final = (
    "keep(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))"
)

# ARGV: as _SET, then the token and the generation it was given in
_STORE: Final = """
if not is_holder(ARGV[1], ARGV[8]) then return 0 end
local current = gen() == ARGV[9]
if current then
  keep(ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
end
redis.call('DEL', p .. 'lease:' .. ARGV[1])
redis.call('PUBLISH', p .. 'done', ARGV[1])
return current and 1 or 0
"""

# ARGV: key, token
_GIVE_UP: Final = """
if not is_holder(ARGV[1], ARGV[2]) then return 0 end
redis.call('DEL', p .. 'lease:' .. ARGV[1])
redis.call('PUBLISH', p .. 'done', ARGV[1])
return 1
"""

# ARGV: key, token, lease in ms
_RENEW: Final = """
if not is_holder(ARGV[1], ARGV[2]) then return 0 end
return redis.call('PEXPIRE', p .. 'lease:' .. ARGV[1], ARGV[3])
"""

# ARGV: key, by, life in ms, room
_INCREMENT: Final = """
local entry = p .. 'e:' .. ARGV[1]
local kind = redis.call('HGET', entry, 'k')
if kind and kind ~= 'n' then return {'kind', '0'} end
if not kind then keep(ARGV[1], 'n', '0', #ARGV[1] + 20, tonumber(ARGV[3]), tonumber(ARGV[3]), tonumber(ARGV[4])) end
local made = redis.pcall('HINCRBY', entry, 'v', ARGV[2])
if type(made) == 'table' and made.err then return {'range', '0'} end
redis.call('ZADD', p .. 'used', 'XX', whole(clock()), ARGV[1])
return {'', redis.call('HGET', entry, 'v')}
"""

# ARGV: key
_FORGET: Final = """
redis.call('DEL', p .. 'lease:' .. ARGV[1])
local there = redis.call('EXISTS', p .. 'e:' .. ARGV[1])
forget(ARGV[1])
return there
"""

# ARGV: 1 at the first lot, keys at most
_FORGET_ALL: Final = """
if ARGV[1] == '1' then
  redis.call('INCR', p .. 'gen')
  redis.call('PEXPIRE', p .. 'gen', 86400000)
end
local some = redis.call('ZRANGE', p .. 'names', 0, ARGV[2] - 1)
for _, key in ipairs(some) do forget(key) end
return #some
"""

_FIGURES: Final = """
local left = sweep(clock(), 1000)
local c = redis.call('HMGET', p .. 'counts', 'hits', 'misses', 'stale', 'evicted')
return {left, redis.call('ZCARD', p .. 'names'), total(), c[1] or '0', c[2] or '0', c[3] or '0', c[4] or '0'}
"""

# ARGV: where to go on ("-" from the beginning), keys at most
_PAGE: Final = """
local at = clock()
sweep(at, 1000)
local rows = {}
for _, key in ipairs(redis.call('ZRANGEBYLEX', p .. 'names', ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  local ends = redis.call('ZSCORE', p .. 'ends', key)
  rows[#rows + 1] = {key, redis.call('HGET', p .. 'sizes', key) or '0', whole(math.max(0, (ends or at) - at))}
end
return rows
"""

# ARGV: key
_LOOK: Final = """
local found = redis.call('HMGET', p .. 'e:' .. ARGV[1], 'v', 'k', 't', 'f')
if not found[1] then return {} end
local at = clock()
return {found[1], found[2], whole(at - found[3]), whole(found[4] - at), redis.call('PTTL', p .. 'e:' .. ARGV[1]),
        redis.call('HGET', p .. 'sizes', ARGV[1]) or '0'}
"""

_BODIES: Final = {
    "read": _READ,
    "set": _SET,
    "store": _STORE,
    "give_up": _GIVE_UP,
    "renew": _RENEW,
    "increment": _INCREMENT,
    "forget": _FORGET,
    "forget_all": _FORGET_ALL,
    "figures": _FIGURES,
    "page": _PAGE,
    "look": _LOOK,
}


class Scripts:
    """The scripts on one server: sent whole once, then by their hash."""

    def __init__(self, client: Redis, *, connections: int) -> None:
        self._turns = asyncio.Semaphore(connections)  # in the order of asking
        self._scripts = {name: client.register_script(_LIBRARY + body) for name, body in _BODIES.items()}

    async def run(self, name: str, prefix: str, *args: str | bytes | int) -> Any:
        """What the script returns. Raises redis-py's errors."""
        async with self._turns:
            return await cast(Any, self._scripts[name])(keys=[prefix], args=list(args))
