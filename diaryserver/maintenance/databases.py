"""Looking into SQLite's files without changing them, beside a server that writes them.

A database is copied into memory first, so that a long check keeps nobody waiting for it. Rule: a
lock that another program keeps is waited for `LOCKED_SECONDS`, and no longer.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

MAX_LINES: Final = 100
"""Of `PRAGMA integrity_check`, SQLite's own choice."""

LOCKED_SECONDS: Final = 5
"""SQLite's own patience, which its backup begins anew for ever; no server locks for so long."""

_CUT_OFF: Final = "SQLITE_READONLY_ROLLBACK"
"""A crash left a journal that must be rolled back first, which a reader may not do."""


class LockedError(sqlite3.OperationalError):
    """Another program keeps a database locked; one line, with what to type."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"locked by another program for {LOCKED_SECONDS} s; which one: fuser -v {path}"
        )


class Copies:
    """The databases of a data folder, copied into memory; a lock is waited for once."""

    def __init__(self, data: Path) -> None:
        """`data` is the folder that they lie in."""
        self._data = data
        self._locked: dict[str, LockedError] = {}

    def take(self, name: str) -> sqlite3.Connection:
        """Give one as it is now, as `copy_database`."""
        if name in self._locked:
            raise self._locked[name]
        try:
            return copy_database(self._data / name)
        except LockedError as error:
            self._locked[name] = error
            raise


def copy_database(path: Path) -> sqlite3.Connection:
    """Give a database as it is now, in memory; raise sqlite3.DatabaseError."""
    with closing(_opened(path, "ro")) as source:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            _copy(source, copy, path)
        except BaseException:
            copy.close()
            raise
    return copy


def back_up_database(source: Path, destination: Path) -> None:
    """Copy a database as of one moment into an empty file; raise sqlite3.Error.

    The caller syncs it: before, it is worth nothing, so it needs no journal either.
    """
    with (
        closing(_opened(source, "rw")) as opened,
        closing(sqlite3.connect(destination, isolation_level=None)) as copy,
    ):
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        _copy(opened, copy, source)


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode={mode}", timeout=LOCKED_SECONDS, uri=True)


def _copy(source: sqlite3.Connection, copy: sqlite3.Connection, path: Path) -> None:
    def go_on(status: int, _remaining: int, _total: int) -> None:
        if status == sqlite3.SQLITE_BUSY:  # after LOCKED_SECONDS; left alone it would ask again
            raise LockedError(path)

    source.backup(copy, progress=go_on)


def undo_cut_off_change(path: Path) -> bool:
    """Let SQLite undo a change that a crash cut off; tell whether there was one."""
    if not path.with_name(f"{path.name}-journal").exists():
        return False
    try:
        with closing(_opened(path, "rw")) as opened:
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
    if isinstance(error, LockedError):
        return str(error)
    return f"cannot be read: {error}"
