"""What the server does, free of sockets, files and databases: these are behind `service.ports`.

    router      where a datagram goes, by its first bytes
    requests    what is asked under a token
    logins      logging in, and what guards it
    plain       the plain text of the tutorial
    token_life  how tokens begin, are renewed and end: rules on values
    removal     the end of an account, in one order
    throttle    token buckets in tables of a fixed size
    door        what was decrypted becomes a valid message here, or is refused
    work        who does what when: threads, turns, batches
    ports       what is needed from clocks and stores, and no more
    quotas      what a diary may take up
    alarm       a fault that fails every request is said once in a while
    counters    what was dropped in silence, counted
    source      where a datagram came from, and the way back

Rules: the ways in know nothing of each other.
"""
