"""Which names belong where in the data folder, and what they say; the store writes them.

A name that fits none of these is strange: it is reported and left alone.
"""

import re
from typing import Final

from diaryserver.store.disk.user_folder import (
    ARCHIVE,
    DAY_SUFFIX,
    QUARANTINE,
    compressed_file,
    day_file,
    unfinished_file,
)
from protocol.errors import MalformedError
from protocol.identifiers import Day, Username

DIARIES: Final = "diaries"
REMOVED: Final = "removed"
KEYS: Final = "keys"
JOURNAL: Final = "journal"
ACCOUNTS: Final = "accounts.sqlite3"
SUBFOLDERS: Final = frozenset({ARCHIVE, QUARANTINE})

_GZIP_SUFFIX: Final = ".gz"
_REMOVED: Final = re.compile(r"(.+)\.([0-9a-f]{32})(\.[0-9]+)?")


def day_of(name: str) -> Day | None:
    """Give the day whose file has this name."""
    try:
        day = Day(name.removesuffix(DAY_SUFFIX))
    except MalformedError:
        return None
    return day if name == day_file(day) else None


def compressed_day_of(name: str) -> Day | None:
    """Give the day whose compressed file has this name."""
    day = day_of(name.removesuffix(_GZIP_SUFFIX))
    return day if day is not None and name == compressed_file(day) else None


def any_day_of(name: str) -> Day | None:
    """Give the day whose file, plain or compressed, has this name."""
    return day_of(name) or compressed_day_of(name)


def unfinished_day_of(name: str) -> Day | None:
    """Give the day whose file is being written under this name, or was when a crash came."""
    day = any_day_of(name.removeprefix(".").removesuffix(".new"))
    if day is None:
        return None
    return day if name in map(unfinished_file, (day_file(day), compressed_file(day))) else None


def is_renamed_day(name: str) -> bool:
    """Tell whether it is what a rotation makes of a day's file, `DAY.log.1` or `DAY.log-20261122`.

    The store still looks for ids there (`UserFolder.renamed`).
    """
    if compressed_day_of(name) is not None:
        return False
    head, found, tail = name.partition(DAY_SUFFIX)
    return bool(found) and day_of(head + found) is not None and tail[:1] in {".", "-"}


def quarantined_day_of(name: str) -> Day | None:
    """Give the day that a quarantined piece comes from."""
    try:
        return Day(name.partition(".")[0])
    except MalformedError:
        return None


def user_of(name: str) -> Username | None:
    """Give the user whose folder has this name."""
    try:
        return Username(name)
    except MalformedError:
        return None


def removed_of(name: str) -> tuple[Username, bytes] | None:
    """Give name and uid of the removed user whose folder has this name."""
    match = _REMOVED.fullmatch(name)
    user = user_of(match[1]) if match else None
    return (user, bytes.fromhex(match[2])) if match and user else None
