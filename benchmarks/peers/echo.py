"""The floor: what a blocking socket costs in Python when nothing at all is done.

python -m benchmarks.peers.echo SECONDS
"""

import signal
import sys

from benchmarks.peers.sockets import LARGEST, announce, listening_socket


def main() -> None:
    """Send everything back until a signal comes, or the seconds are over."""
    signal.alarm(int(sys.argv[1]))
    with listening_socket() as bound:
        announce(bound)
        receive, send = bound.recvfrom, bound.sendto
        while True:
            send(*receive(LARGEST))


if __name__ == "__main__":
    main()
