"""What is done to the records of tasks, in Redis's own language: each script is done at once or not at all.

A task is a hash. Sorted sets say which tasks are in a state, by the time they were submitted, and when the
lease of each running task ends. All times are those of the server's clock, so that no two machines' clocks
have to agree.
"""

from __future__ import annotations

#: What every script begins with. KEYS[1] is the prefix of all keys; ARGV[1], where a task is meant, its id.
_COMMON = """
local prefix, id = KEYS[1], ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local leases, workers, slots = prefix .. ':leases', prefix .. ':workers', prefix .. ':slots'

local function key(task) return prefix .. ':task:' .. task end
local function stamp(time) return string.format('%.6f', time) end
local function field(task, name) return redis.call('HGET', key(task), name) end
local function move(task, state)
    local old = field(task, 'state')
    if old then redis.call('ZREM', prefix .. ':' .. old, task) end
    redis.call('ZADD', prefix .. ':' .. state, field(task, 'submitted'), task)
    redis.call('HSET', key(task), 'state', state)
    if state ~= 'running' then
        redis.call('ZREM', leases, task)
        redis.call('HDEL', key(task), 'token')
    end
end
local function wait(task)
    move(task, 'waiting')
    redis.call('HSET', key(task), 'sent', stamp(now))
end
local function finish(task, state, data, error)
    move(task, state)
    redis.call('HSET', key(task), 'data', data, 'error', error, 'finished', stamp(now))
    if state == 'done' then redis.call('HDEL', key(task), 'payload') end
end
"""

_SCRIPTS = {
    # id, payload, label, deliveries, time limit -> 1, or 0 where there is such a task
    "put": """
        if redis.call('EXISTS', key(id)) == 1 then return 0 end
        redis.call('HSET', key(id), 'payload', ARGV[2], 'label', ARGV[3], 'most', ARGV[4],
            'time_limit', ARGV[5], 'deliveries', 0, 'submitted', stamp(now))
        wait(id)
        return 1
    """,
    # id, token, seconds of the lease, worker, seconds -> payload, time limit, time submitted; or nothing.
    # Who has it loses it after so many seconds, unless it is heard of.
    "claim": """
        local state = field(id, 'state')
        if state == 'running' then
            local ends = math.min(redis.call('ZSCORE', leases, id), now + ARGV[5])
            redis.call('ZADD', leases, ends, id)
        end
        if state ~= 'waiting' then return {} end
        move(id, 'running')
        redis.call('HINCRBY', key(id), 'deliveries', 1)
        redis.call('HSET', key(id), 'token', ARGV[2], 'worker', ARGV[4], 'started', stamp(now))
        redis.call('ZADD', leases, now + ARGV[3], id)
        return {field(id, 'payload'), field(id, 'time_limit'), field(id, 'submitted')}
    """,
    # id, time submitted, state, data, last line of the error -> 1, or 0 where something else became of it
    "finish": """
        local state = field(id, 'state')
        if state ~= 'running' and state ~= 'waiting' then return 0 end
        if field(id, 'submitted') ~= ARGV[2] then return 0 end
        finish(id, ARGV[3], ARGV[4], ARGV[5])
        return 1
    """,
    # id, token or '' for any whose lease has ended, data, its last line, reason -> the state now, or ''
    "lose": """
        if field(id, 'state') ~= 'running' then return '' end
        if ARGV[2] ~= '' then
            if field(id, 'token') ~= ARGV[2] then return '' end
        elseif tonumber(redis.call('ZSCORE', leases, id)) > now then
            return ''
        end
        if tonumber(field(id, 'deliveries')) >= tonumber(field(id, 'most')) then
            finish(id, 'dead', ARGV[3], ARGV[4])
            return 'dead'
        end
        wait(id)
        redis.call('HSET', key(id), 'error', ARGV[5])
        return 'waiting'
    """,
    # id, token -> 1 where it waits now, as if it had not been delivered
    "release": """
        if field(id, 'state') ~= 'running' or field(id, 'token') ~= ARGV[2] then return 0 end
        redis.call('HINCRBY', key(id), 'deliveries', -1)
        wait(id)
        return 1
    """,
    # id, '1' to cancel what runs, too -> 1 where it is cancelled now
    "cancel": """
        local state = field(id, 'state')
        if state == 'waiting' or (state == 'running' and ARGV[2] == '1') then
            move(id, 'cancelled')
            redis.call('HSET', key(id), 'finished', stamp(now))
            return 1
        end
        return state == 'cancelled' and 1 or 0
    """,
    # id -> 1 where it waits now
    "retry": """
        local state = field(id, 'state')
        if state ~= 'failed' and state ~= 'dead' and state ~= 'cancelled' then return 0 end
        redis.call('HDEL', key(id), 'data', 'error', 'started', 'finished', 'worker')
        redis.call('HSET', key(id), 'deliveries', 0)
        wait(id)
        return 1
    """,
    # id
    "forget": """
        local state = field(id, 'state')
        if state then redis.call('ZREM', prefix .. ':' .. state, id) end
        redis.call('ZREM', leases, id)
        redis.call('DEL', key(id))
    """,
    # worker, its slots, seconds of a lease, then id and token of each task it does -> ids it has lost
    "beat": """
        local ends = now + ARGV[3]
        redis.call('ZADD', workers, ends, ARGV[1])
        redis.call('HSET', slots, ARGV[1], ARGV[2])
        local lost = {}
        for i = 4, #ARGV, 2 do
            if field(ARGV[i], 'token') == ARGV[i + 1] then
                redis.call('ZADD', leases, ends, ARGV[i])
            else
                lost[#lost + 1] = ARGV[i]
            end
        end
        return lost
    """,
    # worker
    "leave": """
        redis.call('ZREM', workers, ARGV[1])
        redis.call('HDEL', slots, ARGV[1])
    """,
    # -> slots of all workers that are alive
    "slots": """
        for _, worker in ipairs(redis.call('ZRANGEBYSCORE', workers, '-inf', now)) do
            redis.call('HDEL', slots, worker)
            redis.call('ZREM', workers, worker)
        end
        local sum = 0
        for _, number in ipairs(redis.call('HVALS', slots)) do sum = sum + number end
        return sum
    """,
    # -> ids of running tasks whose leases have ended
    "ended": """
        return redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 100)
    """,
    # seconds -> ids of tasks that have waited for so long since they were sent, from now on anew
    "overdue": """
        local found = {}
        for _, task in ipairs(redis.call('ZRANGE', prefix .. ':waiting', 0, 99)) do
            if now - field(task, 'sent') > tonumber(ARGV[1]) then
                redis.call('HSET', key(task), 'sent', stamp(now))
                found[#found + 1] = task
            end
        end
        return found
    """,
}

#: The scripts, by name.
SCRIPTS = {name: _COMMON + body for name, body in _SCRIPTS.items()}
