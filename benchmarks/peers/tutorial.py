"""The beginner's tutorial from which the diary grew, its loop in Python 3.

    python -m benchmarks.peers.tutorial FILE SECONDS

One blocking socket; each text is stamped, printed, appended to FILE, which is opened and closed for
it, and sent back. Nothing is synced, signed or encrypted, and there is one diary for everybody.
"""

import signal
import sys
import time
from pathlib import Path

from benchmarks.peers.sockets import LARGEST, announce, listening_socket


def main() -> None:
    """Serve until a signal comes, or the seconds are over."""
    diary = Path(sys.argv[1])
    signal.alarm(int(sys.argv[2]))
    with listening_socket() as bound:
        announce(bound)
        while True:
            data, sender = bound.recvfrom(LARGEST)
            line = f"[{time.ctime()}] {data.decode()}"
            sys.stdout.write(f"{line}\n")
            with diary.open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
            bound.sendto(line.encode(), sender)


if __name__ == "__main__":
    main()
