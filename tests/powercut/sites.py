"""Where in the code a sync is: the function that wants it, and what kind of file it is of.

Rules: this is the only place, beside `accountwork`, that knows how the server's files are called.
What SQLite syncs itself is known by its file alone.
"""

import os
import re
import sys
from collections.abc import Callable
from typing import Any, Final

from diaryserver.store.disk.disk import Disk

HANDED_ON: Final = frozenset(
    {
        "Disk.sync",
        "Disk.sync_folder",
        "Disk.sync_all",
        "UserFolder.sync",
        "UserFolder.sync_file",
        "UserFolder.sync_archive",
        "DiaryFolders.sync_all",
        "sync_path",
        "sync_folder",
    }
)
"""Functions that only sync: who called them is the site."""

SYNCING: Final = frozenset(
    {"fsync", "fdatasync", "sync", "sync_all", *(each.rpartition(".")[2] for each in HANDED_ON)}
)
"""What whoever syncs calls."""

_CHANGING: Final = re.compile(r"[0-9a-f]{16,}|[0-9]+(?:-[0-9]+)*")
_USERS: Final = frozenset({"alice", "bob", "carol"})


def announce_sites(say: Callable[[object], None]) -> None:
    """Let this process say each function that is about to sync, from now on."""

    def announced(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
            say(("site", _site()))
            return function(*arguments)

        return call

    for name in ("fsync", "fdatasync"):
        setattr(os, name, announced(getattr(os, name)))
    setattr(Disk, "sync_all", announced(Disk.sync_all))  # noqa: B010 - mypy allows no assignment


def site_of(function: str, name: str) -> str:
    """Give a site's name, of a function ("" is SQLite's) and the name of what is synced."""
    kind = "USER" if name in _USERS else _CHANGING.sub("N", name)
    if ".restoring-" in name:
        kind = "aside"
    return f"{function or 'SQLite'}: {kind or 'all'}"


def _site() -> str:
    frame = sys._getframe(2)
    while frame.f_code.co_qualname in HANDED_ON and frame.f_back:
        frame = frame.f_back
    module = str(frame.f_globals["__name__"]).removeprefix("diaryserver.")
    return f"{module}.{frame.f_code.co_qualname}"
