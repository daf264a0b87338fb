"""The server: datagrams in, durable lines in per-user daily files, signed answers out.

The way of a request: `net` receives bytes, `service` authenticates, routes and handles, `store`
and `accounts` keep. The service knows only the ports in `service.ports`; `composition` is the one
place that builds adapters and hands them in. import-linter holds these layers (pyproject.toml).
"""
