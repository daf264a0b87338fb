"""Cleared days: which there are on the server, and bringing one back."""

from collections.abc import Iterator
from typing import Final

from diaryclient.asking.asker import Asker
from protocol.errors import MalformedError
from protocol.messages.archive import ArchiveList, ArchiveRow, Archives, Recover, Recovered
from protocol.messages.padding import padded

_MOST_ROWS: Final = 1_000_000
"""A day can be cleared so often; a server that lists without an end is not listened to for ever."""


def list_archives(asker: Asker) -> Iterator[ArchiveRow]:
    """Give what was ever cleared, by day, then in the order of clearing; raise as `Asker.ask`."""
    after = ""
    count = 0
    while True:
        page = asker.ask(padded(Archives(after)), ArchiveList)
        yield from page.rows
        count += len(page.rows)
        if not page.more:
            return
        if not page.rows or page.rows[-1].name == after or count > _MOST_ROWS:
            raise MalformedError("the server promises more archives and lists none")
        after = page.rows[-1].name


def recover(asker: Asker, row: ArchiveRow) -> int:
    """Bring a cleared day back, and give how many entries it has; raise as `Asker.ask`."""
    return asker.ask(Recover(row.day, row.generation, row.name), Recovered).entries
