"""What the operator does, with or without a running server, and the socket between the two.

    operations  the operator's commands by name
    users       those on users
    tokens      those on the logins of people's devices
    keys        those on keys
    socket      the admin socket of a running server
    caller      its other end

Rules: the same functions, whether a command calls them or a running server does.
"""
