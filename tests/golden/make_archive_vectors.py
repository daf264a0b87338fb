"""Writes the byte vectors of cleared days and their return into `v1/`, as `make_vectors` does.

python tests/golden/make_archive_vectors.py
"""

from functools import partial
from typing import Final

from protocol.identifiers import Day
from protocol.messages.archive import ArchiveList, ArchiveRow, Archives, Recover, Recovered
from protocol.messages.base import Reply, Request
from protocol.messages.padding import padded
from tests.golden.make_vectors import (
    NOW,
    TODAY,
    entry_id,
    numbered_replies,
    numbered_requests,
    write,
)

FIRST: Final = 230
"""The number of the first id; `make_diary_vectors` has those below."""

CLEARED: Final = f"{TODAY}.0.{entry_id(1).hex()}.log"
OLD: Final = f"2025-12-31.11.{entry_id(2).hex()}.log"
REQUESTS: Final[dict[str, Request]] = {
    "archives": padded(Archives("")),
    "archives_on": padded(Archives(OLD)),
    "recover": Recover(TODAY, 1, CLEARED),
}
REPLIES: Final[dict[str, tuple[str, Reply]]] = {
    "archives_some": (
        "archives",
        ArchiveList(
            (
                ArchiveRow(OLD, Day("2025-12-31"), 12, 0, 300, 299),
                ArchiveRow(CLEARED, TODAY, 1, NOW, 3, 0),
            ),
            more=True,
        ),
    ),
    "archives_none": ("archives_on", ArchiveList((), more=False)),
    "recover_done": ("recover", Recovered(3)),
}


if __name__ == "__main__":
    write(
        {
            "archive_requests": partial(numbered_requests, FIRST, REQUESTS),
            "archive_replies": partial(numbered_replies, FIRST, REQUESTS, REPLIES),
        }
    )
