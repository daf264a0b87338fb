"""Where a datagram or a connection came from, and the way back to there."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

SendReply: TypeAlias = Callable[[bytes], None]
"""Sends a datagram back to whoever asked."""


class Source(NamedTuple):
    """An IP address, as the socket gives it (perhaps with a scope), and a port."""

    host: str
    port: int

    def address(self) -> str:
        """Give the IP address without its scope."""
        return self.host.partition("%")[0]

    def packed(self) -> bytes:
        """Give bytes that differ for any two sources."""
        return self.port.to_bytes(2, "big") + self.host.encode()


Accept: TypeAlias = Callable[[Source, SendReply], None]
"""What is left to do with a request once it is known to be signed; SendReply is called once."""
