"""What no server can go below: the median time of one fdatasync, in us.

    python -m benchmarks.peers.syncing FILE COUNT

Each sync follows an append of a line's length; only the sync is timed.
"""

import os
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

LINE: Final = b"x" * 149 + b"\n"


def main() -> None:
    """Print the median."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    times = []
    with path.open("ab", buffering=0) as file:
        for _ in range(count):
            file.write(LINE)
            before = perf_counter()
            os.fdatasync(file.fileno())
            times.append(perf_counter() - before)
    path.unlink()
    sys.stdout.write(f"{1e6 * median(times):.2f}\n")


if __name__ == "__main__":
    main()
