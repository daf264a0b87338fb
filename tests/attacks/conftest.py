"""The service without sockets, as in tests/server, for those who attack it."""

from tests.server.conftest import folder, world

__all__ = ["folder", "world"]
