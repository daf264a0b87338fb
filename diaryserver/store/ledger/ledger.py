"""The ledger: what must never be forgotten, apart from the files that people may move.

Long, so that every statement about these tables stands here.

    <data>/ledger.sqlite3
    days      the generation of each day whose file is not the first one of its name
    cleared   which request cleared which generation; `pending` is the proof of its text until that
              is in the archive, then nothing
    aside     the ids of all records that left their day's file, and a digest of what each one says
    files     the archives and renamed files whose ids are in `aside`, by name and size
    ahead     the day of each entry that was stored before the time in its id had come
    epochs    what makes a generation differ from the same one before a restore, or of an earlier
              diary of that name; that of "" holds for all who have none of their own
    stamp     which ledger it is, and how many changes it has seen (`store.ledger.ledgerstamp`)

Rules: a row is durable before anybody hears of what it says. Rows are rare: whoever never cleared
a day has none, which is known by heart. Losing the ledger loses nothing that is in a file; what the
files can prove of it is read from them again (`maintenance.ledgerfaults`).
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple

from diaryserver.store.ledger.ledgerfile import errno_of
from diaryserver.store.ledger.ledgerstamp import LedgerStamp, read_stamp
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.diary import MAX_GENERATION

EPOCH_STEP: Final = 1024
"""A generation is so many times the epoch, and how often the day's file was replaced since."""

GENERATIONS: Final = MAX_GENERATION + 1
EPOCHS: Final = GENERATIONS // EPOCH_STEP
"""Drawn by chance, two restores of one backup get the same epoch once in four million times."""

EVERYBODY: Final = ""
"""In `epochs`, in the place of a user."""

_OF_USERS: Final = ("days", "cleared", "aside", "files", "ahead")


class Cleared(NamedTuple):
    """A day that a request cleared: how often its file had been replaced before.

    `pending` is the proof of its text (`contents.proof_of`) while that may not be in the archive
    yet, else empty.
    """

    day: Day
    replaced: int
    rid: EntryId
    pending: bytes


class OtherFile(NamedTuple):
    """A file beside the day's own that has records of it: its name in the diary's folder."""

    name: str
    size: int


class Ledger:
    """The ledger of all diaries; used by one thread. Every method may raise OSError."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """`connection` comes from `open_ledger`."""
        self._connection = connection
        self._is_doubtful = False
        self._epochs = {str(user): int(epoch) for user, epoch in self._rows("SELECT * FROM epochs")}
        named = " UNION ".join(f"SELECT user FROM {table}" for table in _OF_USERS)  # noqa: S608 - names of our own
        self._users = {str(user) for (user,) in self._rows(named)}

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def generation(self, user: Username, day: Day) -> int:
        """Give what a day's bytes are known by now."""
        return (self._first(user) + self._count(user, day)) % GENERATIONS

    def count_of(self, user: Username, generation: int) -> int:
        """Give how often the file had been replaced in a generation of this epoch."""
        return (generation - self._first(user)) % GENERATIONS

    def advance(self, user: Username, day: Day, least: int = 0) -> None:
        """Begin a new generation, at least `least`: the file does not continue what was read."""
        count = max(self._count(user, day) + 1, least)
        with self._transaction(user):
            self._set_count(user, day, count)

    def is_known(self, user: Username) -> bool:
        """Tell from memory whether there is anything about a diary but its epoch."""
        return user in self._users

    def users(self) -> set[str]:
        """Give from memory whose diaries there is anything about."""
        return set(self._users)

    def digest(self, user: Username, day: Day, entry_id: bytes) -> bytes | None:
        """Give the digest of a record that left the day's file; None if none of that id did."""
        rows = self._of_day("SELECT digest FROM aside", user, day, " AND id = ?", entry_id)
        return bytes(rows[0][0]) if rows else None

    def has_aside(self, user: Username, day: Day) -> bool:
        """Tell whether any record left the day's file."""
        return bool(self._of_day("SELECT 1 FROM aside", user, day, " LIMIT 1"))

    def files(self, user: Username, day: Day) -> set[OtherFile]:
        """Give the other files of a day whose records were taken in."""
        found = self._of_day("SELECT name, size FROM files", user, day)
        return {OtherFile(str(name), int(size)) for name, size in found}

    def put_aside(self, user: Username, day: Day, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Remember (id, digest) of records whose file is about to be another one of the day."""
        with self._transaction(user):
            self._put_records(user, day, records)

    def take_in(
        self,
        user: Username,
        file: OtherFile,
        records: Iterable[tuple[bytes, bytes]],
        clear: Cleared,
    ) -> None:
        """Remember (id, digest) of an archive that nobody knew, and which request made it."""
        with self._transaction(user):
            self._put_aside(user, clear.day, file, records)
            values = (str(user), str(clear.day), clear.replaced, bytes(clear.rid))
            self._run("INSERT OR IGNORE INTO cleared VALUES (?, ?, ?, ?, x'')", values)
            least = clear.replaced + 1
            self._set_count(user, clear.day, max(self._count(user, clear.day), least))

    def take_in_renamed(
        self, user: Username, day: Day, file: OtherFile, records: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Remember (id, digest) of a file that was the day's own; another one is, from now on."""
        with self._transaction(user):
            self._put_aside(user, day, file, records)
            self._set_count(user, day, self._count(user, day) + 1)

    def clear_of(self, user: Username, rid: EntryId) -> Cleared | None:
        """Give what a request cleared; None if it cleared nothing."""
        if user not in self._users:
            return None
        query = "SELECT day, generation, pending FROM cleared WHERE user = ? AND rid = ?"
        for day, count, proof in self._rows(query, (str(user), bytes(rid))):
            return Cleared(Day(day), int(count), rid, bytes(proof))
        return None

    def cleared(self, user: Username, day: Day) -> set[int]:
        """Give how often the file had been replaced when it went into the archive, each time."""
        found = self._of_day("SELECT generation FROM cleared", user, day, " AND pending = x''")
        return {int(count) for (count,) in found}

    def pending(self, user: Username, day: Day) -> Cleared | None:
        """Give the clear that was not finished when something failed."""
        query = "SELECT generation, rid, pending FROM cleared"
        found = self._of_day(query, user, day, " AND pending != x''")
        for count, rid, proof in found:
            return Cleared(day, int(count), EntryId(bytes(rid)), bytes(proof))
        return None

    def begin_clear(
        self,
        user: Username,
        clear: Cleared,
        file: OtherFile,
        records: Iterable[tuple[bytes, bytes]],
    ) -> None:
        """Say that the day's file will be `file`, and its generation is over."""
        day, count, rid, proof = clear
        with self._transaction(user):
            self._put_aside(user, day, file, records)
            values = (str(user), str(day), count, bytes(rid), proof)
            self._run("INSERT INTO cleared VALUES (?, ?, ?, ?, ?)", values)
            self._set_count(user, day, count + 1)

    def finish_clear(self, user: Username, day: Day) -> None:
        """Say that the file is in the archive."""
        with self._transaction(user):
            query = "UPDATE cleared SET pending = x'' WHERE user = ? AND day = ?"
            self._run(query, (str(user), str(day)))

    def cancel_clear(self, user: Username, day: Day, count: int) -> None:
        """Say that the file stayed where it was: it is of the generation that it was of."""
        with self._transaction(user):
            query = "DELETE FROM cleared WHERE user = ? AND day = ? AND pending != x''"
            self._run(query, (str(user), str(day)))
            self._set_count(user, day, count)

    def day_ahead(self, user: Username, entry_id: EntryId) -> Day | None:
        """Give the day of an entry that was stored before its id's time; None if it was not."""
        if user not in self._users:
            return None
        query = "SELECT day FROM ahead WHERE user = ? AND id = ?"
        found = self._rows(query, (str(user), bytes(entry_id)))
        return Day(found[0][0]) if found else None

    def note_ahead(self, entries: Iterable[tuple[Username, EntryId, Day]]) -> None:
        """Remember the days of entries whose ids' time has not come."""
        rows = [(str(user), bytes(entry_id), str(day)) for user, entry_id, day in entries]
        with self._transaction(*(user for user, _, _ in rows)):
            for row in rows:
                self._run("INSERT OR REPLACE INTO ahead VALUES (?, ?, ?)", row)

    def begin_epoch(self, user: Username, epoch: int) -> None:
        """Begin another epoch of a diary: no place that a reader holds is good any more."""
        with self._transaction():
            self._run("INSERT OR REPLACE INTO epochs VALUES (?, ?)", (user, epoch))
        self._epochs[user] = epoch

    def begin_anew(self, epoch: int, name: bytes) -> None:
        """Let every generation of all diaries be another than it was, and have another name."""
        with self._transaction():
            self._run("DELETE FROM epochs")
            self._run("INSERT INTO epochs VALUES (?, ?)", (EVERYBODY, epoch))
            self._set_name(name)
        self._epochs = {EVERYBODY: epoch}

    def take_name(self, name: bytes) -> None:
        """Set the ledger's name, by which the accounts know it."""
        with self._transaction():
            self._set_name(name)

    def stamp(self) -> LedgerStamp | None:
        """Give the name and the changes so far; None if it never took a name."""
        try:
            self._ensure_trust()
            return read_stamp(self._connection)
        except sqlite3.DatabaseError as error:
            raise _failed(error) from error

    def forget(self, user: Username) -> None:
        """Drop all about a diary but its epoch."""
        if user not in self._users:
            return
        with self._transaction():
            for table in _OF_USERS:
                self._run(f"DELETE FROM {table} WHERE user = ?", (str(user),))  # noqa: S608 - names of our own
        self._users.discard(user)

    def _first(self, user: Username) -> int:
        """Give the first generation of any day."""
        epoch = self._epochs.get(user)
        return EPOCH_STEP * (self._epochs.get(EVERYBODY, 0) if epoch is None else epoch)

    def _count(self, user: Username, day: Day) -> int:
        found = self._of_day("SELECT generation FROM days", user, day)
        return int(found[0][0]) if found else 0

    def _set_name(self, name: bytes) -> None:
        self._run("DELETE FROM stamp")
        self._run("INSERT INTO stamp VALUES (?, 0)", (name,))

    def _set_count(self, user: Username, day: Day, count: int) -> None:
        self._run("INSERT OR REPLACE INTO days VALUES (?, ?, ?)", (str(user), str(day), count))

    def _put_aside(
        self, user: Username, day: Day, file: OtherFile, records: Iterable[tuple[bytes, bytes]]
    ) -> None:
        self._put_records(user, day, records)
        key = str(user), str(day)
        self._run("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (*key, *file))

    def _put_records(
        self, user: Username, day: Day, records: Iterable[tuple[bytes, bytes]]
    ) -> None:
        key = str(user), str(day)
        rows = ((*key, *record) for record in records)
        self._connection.executemany("INSERT OR REPLACE INTO aside VALUES (?, ?, ?, ?)", rows)

    def _of_day(
        self, query: str, user: Username, day: Day, rest: str = "", *values: object
    ) -> list[Any]:
        if user not in self._users:
            return []
        key = str(user), str(day)
        return self._rows(f"{query} WHERE user = ? AND day = ?{rest}", (*key, *values))

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            self._ensure_trust()
            return self._connection.execute(query, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise _failed(error) from error

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> None:
        self._connection.execute(statement, values)

    @contextmanager
    def _transaction(self, *users: str) -> Iterator[None]:
        """Do all of what is inside, durably, or nothing; these users may have rows then.

        Also when it fails: a commit that cannot sync the folder may have been made.
        """
        self._users.update(map(str, users))
        try:
            self._ensure_trust()
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("UPDATE stamp SET changes = changes + 1")
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._is_doubtful = True
            raise _failed(error) from error
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.DatabaseError):  # then the next one undoes it first, or fails
                    self._connection.execute("ROLLBACK")

    def _ensure_trust(self) -> None:
        """Return when what can be read is durable; raise sqlite3.DatabaseError.

        A commit that could not sync the folder may have been made: a reader would be shown a
        generation that a power cut undoes.
        """
        if self._is_doubtful and not self._connection.in_transaction:
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            self._run(f"PRAGMA user_version = {version}")  # a commit that changes nothing
            self._is_doubtful = False


def draw_epoch(random_bytes: Callable[[int], bytes]) -> int:
    """Choose an epoch by chance, never that of a diary that was never restored."""
    return int.from_bytes(random_bytes(8), "big") % (EPOCHS - 1) + 1


def _failed(error: sqlite3.DatabaseError) -> OSError:
    return OSError(errno_of(error), f"the ledger: {error}")
