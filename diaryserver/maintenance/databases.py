"""Looking into SQLite's files without changing them, beside a server that writes them.

A database is copied into memory first, so that a long check keeps nobody waiting for it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

MAX_LINES: Final = 100
"""Of `PRAGMA integrity_check`, SQLite's own choice."""

_CUT_OFF: Final = "SQLITE_READONLY_ROLLBACK"
"""A crash left a journal that must be rolled back first, which a reader may not do."""


def copy_database(path: Path) -> sqlite3.Connection:
    """Give a database as it is now, in memory; raise sqlite3.DatabaseError."""
    source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(":memory:", isolation_level=None)
    with closing(source):
        source.backup(copy)
    return copy


def back_up_database(source: Path, destination: Path) -> None:
    """Copy a database as of one moment into a file that exists; raise sqlite3.Error."""
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as opened,
        closing(sqlite3.connect(destination)) as copy,
    ):
        opened.backup(copy)


def undo_cut_off_change(path: Path) -> bool:
    """Let SQLite undo a change that a crash cut off; tell whether there was one."""
    if not path.with_name(f"{path.name}-journal").exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as opened:
            opened.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError:
        return False  # verify says what is wrong with it
    return True


def integrity_faults(copy: sqlite3.Connection, newest: int) -> Iterator[str]:
    """Give what is wrong with a database's form; `newest` is the version that we know."""
    (version,) = copy.execute("PRAGMA user_version").fetchone()
    if not 0 < version <= newest:  # the next start brings an older one up
        yield f"written by another version of diaryserver ({version})"
        return
    for (line,) in copy.execute(f"PRAGMA integrity_check({MAX_LINES})"):
        if line != "ok":
            yield str(line)


def explain(error: sqlite3.DatabaseError) -> str:
    """Say why a database cannot be read."""
    if getattr(error, "sqlite_errorname", "") == _CUT_OFF:
        return "a change was cut off; the next start, or --repair, undoes it"
    return f"cannot be read: {error}"
