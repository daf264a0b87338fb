"""Whether the ledger is the one that the accounts know, or another was put in its place.

An older ledger counts on from what it knows, and would give generations away again that readers
hold places of. So the accounts keep the ledger's stamp as they saw it last, and one that does not
continue it begins another epoch. Rules: the accounts follow the ledger: a crash leaves them behind,
which no start minds. Only the name of a new epoch is with them first: cut off between the two, the
next start begins it. Whoever puts back both, of one moment, is not noticed here.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from diaryserver.accounts.connection import Connection
from diaryserver.accounts.knownledger import KnownLedger
from diaryserver.accounts.schema import SCHEMA_VERSION, open_database, version_at
from diaryserver.errors import DataError
from diaryserver.store.ledger.ledger import Ledger, draw_epoch
from diaryserver.store.ledger.ledgerstamp import NAME_BYTES, LedgerStamp, drop_stamp

NOT_CONTINUED: Final = (
    "is not what the accounts knew last: an older one, or a backup's, was put in its place"
)


def is_another(known: tuple[bytes, int] | None, found: LedgerStamp | None) -> bool:
    """Tell whether a ledger is not the one whose stamp was `known`; None: they never knew one."""
    return known is not None and (found is None or not found.continues(known))


def match(known: KnownLedger, ledger: Ledger, random_bytes: Callable[[int], bytes]) -> bool:
    """Let another epoch begin if it is another ledger, and tell whether it was.

    Called when the journal is in the day files, as of the old generations, and before anybody
    reads. Raise OSError or StorageError: then the next start tries again.
    """
    found = ledger.stamp()
    if is_another(known.stamp(), found):
        begin_anew(known, ledger, random_bytes)
        return True
    if found is None:
        ledger.take_name(random_bytes(NAME_BYTES))
    return False


def begin_anew(
    known: KnownLedger | None, ledger: Ledger, random_bytes: Callable[[int], bytes]
) -> None:
    """Let no generation be what it was, under a new name; raise OSError or StorageError.

    Without anybody who knows the ledger, the next start does the same again.
    """
    name = random_bytes(NAME_BYTES)
    if known is not None:
        known.keep((name, 0))
    ledger.begin_anew(draw_epoch(random_bytes), name)


def note(known: KnownLedger, ledger: Ledger) -> None:
    """Let the accounts follow the ledger; raise OSError or StorageError."""
    stamp = ledger.stamp()
    if stamp is not None:
        known.keep(stamp)


@contextmanager
def known_beside(accounts: Path) -> Iterator[KnownLedger | None]:
    """Open what these accounts know; None if they are of another version, or cannot be used."""
    found = _opened(accounts)
    if found is None:
        yield None
        return
    with closing(found):
        yield KnownLedger(found)


def _opened(accounts: Path) -> Connection | None:
    try:
        is_ours = version_at(accounts) == SCHEMA_VERSION
        return Connection(open_database(accounts)) if is_ours else None
    except DataError:
        return None  # whoever opens them says why


def disown(path: Path) -> None:
    """Let a copy of a ledger be nobody's, for a backup; raise sqlite3.Error."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        drop_stamp(copy)
