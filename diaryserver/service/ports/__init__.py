"""The ports: what the service needs from clocks and from what keeps the data, and no more.

    clock      time, as an argument
    entries    what keeps diaries, and its contract
    accounts   what keeps users, invites and tokens
    throttles  what keeps throttles and trust over a restart
    dayfiles   what only a store of day files has

Rules: an adapter implements them; which ones, `diaryserver.engine` decides alone.
"""
