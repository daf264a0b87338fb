"""The server: datagrams in, durable lines in per-user daily files, signed answers out.

    cli            one way in, one way out
    commands       what the operator types
    serving        runs: bind, open, listen, finish
    composition    builds: the one place that knows adapters and service
    configuration  the configuration file
    datalock       one process owns the data
    maintenance    verify, repair, backup, restore, recover, compress
    net            sockets, and nothing of what the bytes mean
    admin          the operator's acts on users, tokens and keys
    accounts       users and tokens on SQLite, keys in files
    store          diaries in day files
    clock          the one place that asks for the time
    allocator      how the C library keeps memory
    service        what the server does, behind ports
    steps          where a request is, announced for tests that kill the server there
    errors         the server program's own errors

The way of a request: `net` receives bytes, `service` authenticates, routes and handles, `store`
and `accounts` keep. The service knows only the ports in `service.ports`; `composition` is the one
place that builds adapters and hands them in. import-linter holds these layers (pyproject.toml).
"""
