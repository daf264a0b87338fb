"""The one socket that a peer in Python listens on."""

import socket
import sys
from typing import Final

LARGEST: Final = 2048
BUFFER_BYTES: Final = 4 * 2**20
"""As much as our server asks for: a peer is not to lose what a window of 256 brings at once."""


def listening_socket() -> socket.socket:
    """Give a blocking UDP socket on a free port of loopback."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    bound.bind(("127.0.0.1", 0))
    return bound


def announce(bound: socket.socket) -> None:
    """Say on standard output that the peer serves, and where."""
    sys.stdout.write(f"ready {bound.getsockname()[1]}\n")
    sys.stdout.flush()
