"""What of a day is no longer in its file: cleared, or in a file that somebody renamed.

Rules: such a file is read once, when it is met first; from then on the ledger answers for what was
in it, wherever somebody moves it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from diaryserver.store.days.contents import digests, is_begun_by
from diaryserver.store.disk.looking import SMALL_BYTES, Pieces
from diaryserver.store.disk.user_folder import (
    ARCHIVE,
    UserFolder,
    archived_file,
    day_file,
    request_of,
)
from diaryserver.store.ledger.ledger import Cleared, Ledger, OtherFile
from protocol.identifiers import Day, Username

RECORDS_AT_ONCE: Final = 256
"""Their digests take a millisecond, their rows another; then comes a sync of the ledger."""


@dataclass(frozen=True, slots=True)
class Aside:
    """The records of one day that left its file."""

    ledger: Ledger
    user: Username
    day: Day

    def digest(self, entry_id: bytes) -> bytes | None:
        """Give the digest of what the record of an id says; None if none left the file."""
        return self.ledger.digest(self.user, self.day, entry_id)


def meet(folder: UserFolder, day: Day) -> Aside | None:
    """Read whatever of a day was never met; give what left its file, None if nothing did.

    Raise OSError, or UnfinishedError: what was met by then stays so.
    """
    ledger, user = folder.ledger, folder.user
    settle_clear(folder, day)
    archived, renamed = folder.archived(day), folder.renamed(day)
    if archived or renamed:
        known = ledger.files(user, day)
        for replaced, name in archived:
            if found := _unknown(folder, day, ARCHIVE, name, known):
                clear = Cleared(day, replaced, request_of(name), pending=b"")
                ledger.take_in(user, *found, clear)
        for name in renamed:
            if found := _unknown(folder, day, "", name, known):
                # Who renamed it did not: a power cut might leave neither name, nor what was written
                # just before, which replay would then bring into the day's new file.
                folder.sync_file(name)
                folder.sync()
                ledger.take_in_renamed(user, day, *found)
    return Aside(ledger, user, day) if ledger.has_aside(user, day) else None


def put_aside(ledger: Ledger, user: Username, day: Day, read: Callable[[], bytes]) -> Pieces[int]:
    """Let the ledger know the records of a long text, a few at a time; give how long it was.

    So no transaction is long. A row that comes before its file left harms nothing: it says what the
    record in the file does. The text is read at once, the first piece: later its folder is closed.
    """
    text = read()
    yield
    records = digests(text)
    while some := list(islice(records, RECORDS_AT_ONCE)):
        ledger.put_aside(user, day, some)
        yield
    return len(text)


def other_files(folder: UserFolder, day: Day) -> list[tuple[str, str]]:
    """Give subfolder and name of each file beside the day's own that has records of it."""
    archived = [(ARCHIVE, name) for _, name in folder.archived(day)]
    return archived + [("", name) for name in folder.renamed(day)]


def place_of(subfolder: str, name: str) -> str:
    """Give the name that a file beside the day's own has in the ledger."""
    return f"{subfolder}/{name}" if subfolder else name


def settle_clear(folder: UserFolder, day: Day) -> None:
    """Find out what became of a clear that was cut off, and let the ledger say so."""
    ledger, user = folder.ledger, folder.user
    pending = ledger.pending(user, day)
    if pending is None:
        return
    if folder.status(archived_file(day, pending.replaced, pending.rid), ARCHIVE) is not None:
        folder.sync_archive()
    elif _is_still_there(folder, day, pending.pending):
        ledger.cancel_clear(user, day, pending.replaced)
        return
    ledger.finish_clear(user, day)


def _is_still_there(folder: UserFolder, day: Day, proof: bytes) -> bool:
    # By its text and not by its inode, which a copy of the data does not have.
    if folder.status(day_file(day)) is None:
        return False
    return is_begun_by(folder.read_file(day_file(day)), proof)


class _Unknown(NamedTuple):
    file: OtherFile
    records: Iterable[tuple[bytes, bytes]]


def _unknown(
    folder: UserFolder, day: Day, subfolder: str, name: str, known: set[OtherFile]
) -> _Unknown | None:
    """Give a file that the ledger does not know as it is now, and (id, digest) of its records.

    Of a long one there are none: the ledger was told them in pieces.
    """
    status, place = folder.status(name, subfolder), place_of(subfolder, name)
    if status is None or OtherFile(place, status.st_size) in known:
        return None  # if there is none, somebody moved it just now
    read = partial(folder.read_file, name, subfolder)
    if status.st_size <= SMALL_BYTES:
        folder.looking.check()
        text = read()
        return _Unknown(OtherFile(place, len(text)), digests(text))
    key = "aside", folder.user, place, status.st_ino, status.st_size, status.st_ctime_ns
    size = folder.looking.finish(key, partial(put_aside, folder.ledger, folder.user, day, read))
    return _Unknown(OtherFile(place, size), ())
