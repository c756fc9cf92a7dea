"""The floor's scripts: each compares and changes in one step inside Redis. No routing rule is in here (design 3.10).

Each script is run with SHARED before it.

KEYS[1] is the floor's root, a hash tag such as "{sunwai:PV}", so that every key below it lies in one slot of a cluster;
the other keys are derived from it. Times arrive as text and are stored untouched: Lua would cut their digits.

    <root>:call:<ref>      hash   key, bucket, entered_at, priority, node, [reservation], [not:<agent> = until]
    <root>:queue:<bucket>  zset   callers of one skill set who are free to be offered, by routing key
    <root>:buckets         set    names of the skill sets that have such callers
    <root>:waiting         zset   every caller in the queue, offered or not, by routing key
    <root>:entered         zset   the same callers by the time they entered
    <root>:agents          set    codes of signed-in agents
    <root>:agent:<code>    hash   see floor_records.Agent; [reservation] while offered and talking
    <root>:contacts        hash   <code> = the node at which his phone is reachable; outlives the sign-in
    <root>:idle:<bucket>   zset   ready, reachable agents of one skill set by idle_since (reading drops dead leases)
    <root>:idle_buckets    set    names of the skill sets that have such agents
    <root>:offers          zset   reservations by the moment they lapse; <root>:offer:<id> hash call_ref, agent
    <root>:wrap_ups        zset   agents by the end of their wrap-up
    <root>:pop:<code>      string the last screen pop, personal data, with expiry
    <root>:events          channel
"""

from __future__ import annotations

from typing import Final

SHARED: Final = """
local root = KEYS[1]
local function at(kind, name) return root .. ':' .. kind .. ':' .. name end
local BUCKETS, WAITING, ENTERED = root .. ':buckets', root .. ':waiting', root .. ':entered'
local AGENTS, CONTACTS, IDLE_BUCKETS = root .. ':agents', root .. ':contacts', root .. ':idle_buckets'
local OFFERS, WRAP_UPS = root .. ':offers', root .. ':wrap_ups'
local WITH_CALL = {offered = true, talking = true, wrap_up = true}

-- The names of nodes that follow in ARGV from `first` on, as a set; nil, which means all, when there are none.
local function nodes_from(first)
  if not ARGV[first] then return nil end
  local names = {[''] = true}
  for i = first, #ARGV do names[ARGV[i]] = true end
  return names
end

local function tell(event)
  redis.call('PUBLISH', root .. ':events', cjson.encode(event))
end

local function list(kind, buckets, bucket, member, score)
  redis.call('ZADD', at(kind, bucket), score, member)
  redis.call('SADD', buckets, bucket)
end

local function unlist(kind, buckets, bucket, member)
  redis.call('ZREM', at(kind, bucket), member)
  if redis.call('EXISTS', at(kind, bucket)) == 0 then redis.call('SREM', buckets, bucket) end
end

local function forget_caller(call_ref, bucket)
  unlist('queue', BUCKETS, bucket, call_ref)
  redis.call('ZREM', WAITING, call_ref)
  redis.call('ZREM', ENTERED, call_ref)
  redis.call('DEL', at('call', call_ref))
end

-- Put the agent into the list of idle agents, or take him out, as his state and contact say.
local function seat(agent)
  local known = redis.call('HMGET', at('agent', agent), 'state', 'bucket', 'idle_since')
  if not known[2] then return end
  if known[1] == 'ready' and redis.call('HEXISTS', CONTACTS, agent) == 1 then
    list('idle', IDLE_BUCKETS, known[2], agent, known[3])
  else
    unlist('idle', IDLE_BUCKETS, known[2], agent)
  end
end

-- The only place where an agent's state is written. An offer that came to nothing does not cost him his idle time.
local function turn(agent, state, now, reason)
  local key = at('agent', agent)
  local before = redis.call('HGET', key, 'state')
  redis.call('HSET', key, 'state', state, 'since', now, 'reason', reason)
  if state == 'ready' and before ~= 'offered' then redis.call('HSET', key, 'idle_since', now) end
  if state ~= 'wrap_up' then
    redis.call('ZREM', WRAP_UPS, agent)
    redis.call('HDEL', key, 'wrap_up_until')
  end
  local call_ref = redis.call('HGET', key, 'call_ref') or nil
  if not WITH_CALL[state] then
    redis.call('HDEL', key, 'call_ref', 'reservation', 'owner')
    redis.call('DEL', at('pop', agent))
  end
  seat(agent)
  tell({type = 'agent_changed', agent = agent, state = state, call_ref = call_ref})
end

-- Does a caller's hash, as HGETALL gives it, keep him from any agent at `now`? And: is he held by one of the nodes?
local function kept_apart(fields, now)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 4) == 'not:' and tonumber(fields[i + 1]) > now then return true end
  end
  return false
end

local function held_by(fields, nodes)
  for i = 1, #fields, 2 do
    if fields[i] == 'node' then return nodes[fields[i + 1]] end
  end
end

local function drop_offer(id)
  redis.call('ZREM', OFFERS, id)
  redis.call('DEL', at('offer', id))
end

-- End a reservation without a talk: the caller stands where he stood, the agent turns into `state`.
local function give_back(id, call_ref, agent, state, now, reason, not_until)
  local done = 0
  drop_offer(id)
  local call = at('call', call_ref)
  local caller = redis.call('HMGET', call, 'reservation', 'bucket', 'key', 'node')
  if caller[1] == id then
    redis.call('HDEL', call, 'reservation')
    if not_until then redis.call('HSET', call, 'not:' .. agent, not_until) end
    list('queue', BUCKETS, caller[2], call_ref, caller[3])
    tell({type = 'caller_waiting', call_ref = call_ref, node = caller[4]})
    done = 1
  end
  local held = redis.call('HMGET', at('agent', agent), 'reservation', 'state')
  if held[1] == id and held[2] == 'offered' then
    turn(agent, state, now, reason)
    done = 1
  end
  return done
end
"""

# call_ref, key, bucket, entered_at, priority, node -> 1 when new. A caller known already keeps key and place; only the
# node may be another (he was adopted).
ENQUEUE: Final = """
local call_ref, key, bucket = ARGV[1], ARGV[2], ARGV[3]
local call = at('call', call_ref)
if redis.call('EXISTS', call) == 1 then
  redis.call('HSET', call, 'node', ARGV[6])
  return 0
end
redis.call('HSET', call, 'key', key, 'bucket', bucket, 'entered_at', ARGV[4], 'priority', ARGV[5], 'node', ARGV[6])
list('queue', BUCKETS, bucket, call_ref, key)
redis.call('ZADD', WAITING, key, call_ref)
redis.call('ZADD', ENTERED, ARGV[4], call_ref)
tell({type = 'caller_waiting', call_ref = call_ref, node = ARGV[6]})
return 1
"""

# call_ref -> 1 when he was there. An offer under way stays with its owner, who settles it (`refused`).
LEAVE: Final = """
local known = redis.call('HMGET', at('call', ARGV[1]), 'bucket', 'node')
if not known[1] then return 0 end
forget_caller(ARGV[1], known[1])
tell({type = 'caller_left', call_ref = ARGV[1], node = known[2]})
return 1
"""

# how many per bucket, now, nodes or none -> {call_ref, hash} ... A caller kept from an agent at `now` comes along but
# is not counted: the agent who may not have him may have the next one.
WAITING_HEADS: Final = """
local wanted, now, nodes, heads = tonumber(ARGV[1]), tonumber(ARGV[2]), nodes_from(3), {}
for _, bucket in ipairs(redis.call('SMEMBERS', BUCKETS)) do
  local queue, place, free = at('queue', bucket), 0, 0
  while free < wanted do
    local names = redis.call('ZRANGE', queue, place, place + wanted - free - 1)
    if #names == 0 then break end
    for _, call_ref in ipairs(names) do
      local fields = redis.call('HGETALL', at('call', call_ref))
      if not nodes or held_by(fields, nodes) then
        if not kept_apart(fields, now) then free = free + 1 end
        heads[#heads + 1] = {call_ref, fields}
      end
    end
    place = place + #names
  end
end
return heads
"""

# now, how many per bucket, nodes or none -> {agent, bucket, idle_since} ... A dead lease takes its agent off the list
# until he beats.
IDLE_HEADS: Final = """
local now, wanted, nodes, heads = tonumber(ARGV[1]), tonumber(ARGV[2]), nodes_from(3), {}
for _, bucket in ipairs(redis.call('SMEMBERS', IDLE_BUCKETS)) do
  local found, place = 0, 0
  while found < wanted do
    local names = redis.call('ZRANGE', at('idle', bucket), place, place + wanted - found - 1)
    if #names == 0 then break end
    for _, agent in ipairs(names) do
      local known = redis.call('HMGET', at('agent', agent), 'lease_until', 'idle_since')
      if known[1] and tonumber(known[1]) > now then
        place = place + 1
        if not nodes or nodes[redis.call('HGET', CONTACTS, agent) or ''] then
          heads[#heads + 1] = {agent, bucket, known[2]}
          found = found + 1
        end
      else
        unlist('idle', IDLE_BUCKETS, bucket, agent)
      end
    end
  end
end
return heads
"""

# agent, bucket, company, node, lease_until, now, first state. Whoever is known keeps state and idle time.
SIGN_IN: Final = """
local agent, now = ARGV[1], ARGV[6]
local key = at('agent', agent)
local known = redis.call('HMGET', key, 'state', 'bucket')
if known[2] then unlist('idle', IDLE_BUCKETS, known[2], agent) end
redis.call('HSET', key, 'bucket', ARGV[2], 'company', ARGV[3], 'node', ARGV[4], 'lease_until', ARGV[5])
redis.call('SADD', AGENTS, agent)
if known[1] then
  seat(agent)
  return 0
end
redis.call('HSET', key, 'idle_since', now)
turn(agent, ARGV[7], now, 'signed_in')
return 1
"""

# agent, bucket -> 0 when he is not signed in. What he does, his lease and his place among the idle stay.
SKILLS: Final = """
local agent = ARGV[1]
local key = at('agent', agent)
local known = redis.call('HMGET', key, 'state', 'bucket')
if not known[1] or not known[2] then return 0 end
unlist('idle', IDLE_BUCKETS, known[2], agent)
redis.call('HSET', key, 'bucket', ARGV[2])
seat(agent)
tell({type = 'agent_changed', agent = agent, state = known[1]})
return 1
"""

# agent -> the state that forbids it, or an empty string.
SIGN_OUT: Final = """
local agent = ARGV[1]
local key = at('agent', agent)
local known = redis.call('HMGET', key, 'state', 'bucket')
if known[1] == 'offered' or known[1] == 'talking' then return known[1] end
if not known[1] then return '' end
if known[2] then unlist('idle', IDLE_BUCKETS, known[2], agent) end
redis.call('SREM', AGENTS, agent)
redis.call('ZREM', WRAP_UPS, agent)
redis.call('DEL', key, at('pop', agent))
tell({type = 'agent_changed', agent = agent, state = 'off'})
return ''
"""

# agent, lease_until, now -> 0 when he is not signed in (the floor was emptied: sign in again).
BEAT: Final = """
local key = at('agent', ARGV[1])
local known = redis.call('HMGET', key, 'state', 'lease_until', 'bucket')
if not known[1] or not known[3] then return 0 end
redis.call('HSET', key, 'lease_until', ARGV[2])
seat(ARGV[1])
if tonumber(known[2]) <= tonumber(ARGV[3]) then
  tell({type = 'agent_changed', agent = ARGV[1], state = known[1]})
end
return 1
"""

# node, then agent and "1" or "0" of each: what it says of a phone that is reachable at another node now is old.
CONTACTS: Final = """
local node = ARGV[1]
for i = 2, #ARGV, 2 do
  local agent, there = ARGV[i], ARGV[i + 1] == '1'
  if there ~= (redis.call('HGET', CONTACTS, agent) == node) then
    if there then redis.call('HSET', CONTACTS, agent, node) else redis.call('HDEL', CONTACTS, agent) end
    seat(agent)
    local state = redis.call('HGET', at('agent', agent), 'state')
    if state then tell({type = 'agent_changed', agent = agent, state = state}) end
  end
end
"""

# agent, state, reason, now, states it is allowed from ... -> {1 | 0, the state before}
SET_STATE: Final = """
local agent, state, reason, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = at('agent', agent)
local before = redis.call('HGET', key, 'state')
if not before then return {0, 'off'} end
if before == state then
  redis.call('HSET', key, 'reason', reason)
  return {1, before}
end
for i = 5, #ARGV do
  if ARGV[i] == before then
    turn(agent, state, now, reason)
    return {1, before}
  end
end
return {0, before}
"""

# agent, call_ref, owner, since: what Asterisk says goes before what the floor thought.
TALKS: Final = """
local agent, call_ref, owner, since = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = at('agent', agent)
local known = redis.call('HMGET', key, 'state', 'call_ref', 'reservation')
local bucket = redis.call('HGET', at('call', call_ref), 'bucket')
if known[1] == 'talking' and known[2] == call_ref then
  if bucket then forget_caller(call_ref, bucket) end
  redis.call('HSET', key, 'owner', owner)
  return 0
end
if known[1] == 'offered' and known[3] then
  give_back(known[3], known[2], agent, 'ready', since, '', false)
end
bucket = redis.call('HGET', at('call', call_ref), 'bucket')
if bucket then forget_caller(call_ref, bucket) end
redis.call('HDEL', key, 'reservation')
redis.call('HSETNX', key, 'idle_since', since)
redis.call('HSET', key, 'call_ref', call_ref, 'owner', owner)
redis.call('SADD', AGENTS, agent)
turn(agent, 'talking', since, 'adopted')
return 1
"""

# call_ref, agent, id, owner, until, now -> the node of the agent's phone when both were free, else nothing. The same id
# again is the same reservation.
RESERVE: Final = """
local call_ref, agent, id, now = ARGV[1], ARGV[2], ARGV[3], ARGV[6]
local caller = redis.call('HMGET', at('call', call_ref), 'bucket', 'reservation')
if not caller[1] then return false end
local node = redis.call('HGET', CONTACTS, agent)
if caller[2] then return caller[2] == id and (node or '') end
local known = redis.call('HMGET', at('agent', agent), 'state', 'lease_until')
if known[1] ~= 'ready' or not known[2] or tonumber(known[2]) <= tonumber(now) then return false end
if not node then return false end
redis.call('HSET', at('call', call_ref), 'reservation', id)
unlist('queue', BUCKETS, caller[1], call_ref)
redis.call('HSET', at('agent', agent), 'call_ref', call_ref, 'reservation', id, 'owner', ARGV[4])
redis.call('HSET', at('offer', id), 'call_ref', call_ref, 'agent', agent)
redis.call('ZADD', OFFERS, ARGV[5], id)
turn(agent, 'offered', now, '')
return node
"""

# id, call_ref, agent, now -> 1 when the talk may begin; 0 when the caller left or the offer was taken back.
ACCEPT: Final = """
local id, call_ref, agent = ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', at('agent', agent), 'reservation', 'state')
if known[1] ~= id then return 0 end
if known[2] == 'talking' then return 1 end
local caller = redis.call('HMGET', at('call', call_ref), 'reservation', 'bucket', 'node')
if known[2] ~= 'offered' or caller[1] ~= id then return 0 end
drop_offer(id)
forget_caller(call_ref, caller[2])
tell({type = 'caller_left', call_ref = call_ref, node = caller[3]})
turn(agent, 'talking', ARGV[4], '')
return 1
"""

# id, call_ref, agent, state, now, keep them apart until -> 1 when there was anything to give back
REFUSE: Final = """
return give_back(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], '', ARGV[6])
"""

# agent, call_ref, "wrap_up" | "ready" | "not_answering", now, end of the wrap-up or "", reason ->
# 1; 0 when he has another call or none
RELEASE: Final = """
local agent, call_ref, state, now, limit, why = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local key = at('agent', agent)
local known = redis.call('HMGET', key, 'state', 'call_ref')
if known[2] ~= call_ref then return 0 end
if known[1] == 'wrap_up' then return 1 end
if known[1] ~= 'talking' then return 0 end
turn(agent, state, now, why)
if state == 'wrap_up' and limit ~= '' then
  redis.call('HSET', key, 'wrap_up_until', limit)
  redis.call('ZADD', WRAP_UPS, limit, agent)
end
return 1
"""

# owner, now -> how many. The owner has died and come again: nobody is left to settle what he had offered.
TAKE_BACK: Final = """
local owner, now, taken = ARGV[1], ARGV[2], 0
for _, agent in ipairs(redis.call('SMEMBERS', AGENTS)) do
  local known = redis.call('HMGET', at('agent', agent), 'state', 'owner', 'reservation', 'call_ref')
  if known[1] == 'offered' and known[2] == owner and known[3] then
    taken = taken + give_back(known[3], known[4], agent, 'ready', now, 'offer_lapsed', false)
  end
end
return taken
"""

# now, at most -> {kind, agent, call_ref or "", reservation or ""} ...
SWEEP: Final = """
local now, most, swept = ARGV[1], ARGV[2], {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', OFFERS, '-inf', now, 'LIMIT', 0, most)) do
  local offer = redis.call('HMGET', at('offer', id), 'call_ref', 'agent')
  if offer[1] then
    give_back(id, offer[1], offer[2], 'ready', now, 'offer_lapsed', false)
    swept[#swept + 1] = {'offer', offer[2], offer[1], id}
  else
    drop_offer(id)
  end
end
for _, agent in ipairs(redis.call('ZRANGEBYSCORE', WRAP_UPS, '-inf', now, 'LIMIT', 0, most)) do
  local call_ref = redis.call('HGET', at('agent', agent), 'call_ref') or ''
  turn(agent, 'ready', now, 'wrap_up_over')
  swept[#swept + 1] = {'wrap_up', agent, call_ref, ''}
end
return swept
"""

# agent, JSON, seconds -> 0 when he has no call to be shown anything about
SHOW: Final = """
local state = redis.call('HGET', at('agent', ARGV[1]), 'state')
if not state or not WITH_CALL[state] then return 0 end
redis.call('SET', at('pop', ARGV[1]), ARGV[2], 'EX', ARGV[3])
tell({type = 'pop_shown', agent = ARGV[1]})
return 1
"""
