"""How often a program that runs on looks for news, and how long it waits for a server."""

from typing import Final

POLL_SECONDS: Final = 2.0
"""Between two looks for news: 400 bytes out and 150 back at most, 25 MB a day."""

LONGEST_PAUSE: Final = 15.0
"""Between two attempts to reach a server that is away, or one that refuses."""

_MOST_DOUBLINGS: Final = 10


def pause_after(failures: int) -> float:
    """Give the seconds until the next look, after so many that failed since the last success."""
    return min(POLL_SECONDS * 2.0 ** min(max(failures - 1, 0), _MOST_DOUBLINGS), LONGEST_PAUSE)
