"""The messages of DIARY/1, declared once: what a request asks, what its reply gives.

    base       what every message is made of: scopes, refusals, fields that several share
    writing    put, and the bounds of every entry's text and times
    batch      several entries in one datagram
    parts      a request that is too long for one datagram
    changes    amend, remove, restore
    diary      days: list, read, clear
    archive    days that were cleared: list, recover
    finding    search
    following  tail
    usage      how much room there is
    account    identity, tokens, the end of an account
    forms      what LOGIN seals
    coding     the way to bytes and back
    padding    requests as long as a third of their answers
    table      `OPERATIONS`: all that can be asked

Rules: a request travels as a map of its fields plus `op`; a reply as a map of its fields plus
`code`, which is OK, or else the map is a `Refusal`. Each name is imported from the module that has
it: all of them take longer to import than an entry to write.
"""
