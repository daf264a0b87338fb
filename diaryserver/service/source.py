"""Where a datagram or a connection came from."""

from typing import NamedTuple


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
