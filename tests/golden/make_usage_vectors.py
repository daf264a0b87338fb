"""Writes the byte vectors of how much room a diary takes up into `v1/`, as `make_vectors` does.

python tests/golden/make_usage_vectors.py
"""

from functools import partial
from typing import Final

from protocol.messages.base import Reply, Request
from protocol.messages.diary import MAX_FILE_BYTES
from protocol.messages.usage import Usage, Used
from tests.golden.make_vectors import TODAY, numbered_replies, numbered_requests, write

FIRST: Final = 250
"""The number of the first id; `make_part_vectors` has those below."""

REQUESTS: Final[dict[str, Request]] = {"usage": Usage(TODAY)}
REPLIES: Final[dict[str, tuple[str, Reply]]] = {
    "usage_some": (
        "usage",
        Used(12_288, 40, 300, 3, 2**30, 1_000_000, 2**24, 100_000),
    ),
    "usage_unlimited": ("usage", Used(MAX_FILE_BYTES, 0, 0, 0, 0, 0, 2**24, 0)),
}


if __name__ == "__main__":
    write(
        {
            "usage_requests": partial(numbered_requests, FIRST, REQUESTS),
            "usage_replies": partial(numbered_replies, FIRST, REQUESTS, REPLIES),
        }
    )
