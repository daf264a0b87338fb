"""The server: datagrams in, durable lines in per-user daily files, signed answers out.

    cli            one way in, one way out
    commands       what the operator types
    serving        runs: bind, open, listen, finish
    composition    builds the service on top of what keeps the data
    engine         opens that: the one place that chooses adapters
    configuration  the configuration file
    datalock       one process owns the data
    announcing     a server that says where it is, for tests that kill it there
    maintenance    verify, repair, backup, restore, recover, compress
    net            sockets, and nothing of what the bytes mean
    admin          the operator's acts on users, tokens and keys
    accounts       users and tokens on SQLite, keys in files
    store          diaries in day files
    clock          the one place that asks for the time
    allocator      how the C library keeps memory
    service        what the server does, behind ports
    errors         the server program's own errors

The way of a request: `net` receives bytes, `service` authenticates, routes and handles, `store`
and `accounts` keep. The service knows only the ports in `service.ports`; `engine` is the one place
that chooses adapters. import-linter holds these layers (pyproject.toml).
"""
