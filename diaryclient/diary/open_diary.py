"""A user's diary on a server, for the command line and for `diaryclient.api`.

    with OpenDiary.open(login, logins, outbox) as diary:
        for day in diary.entries(first, last): ...

Rules: writing is that of `diaryclient.diary.writer`; what is below reads, or changes what was
written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from diaryclient.asking.asker import Asker
from diaryclient.clock import Clock
from diaryclient.diary.archiving import list_archives, recover
from diaryclient.diary.batching import store_rows
from diaryclient.diary.changing import Changer
from diaryclient.diary.reading import (
    DayEntries,
    list_anniversaries,
    list_days,
    list_newest_days,
    read_day,
    read_entries,
    read_records,
    read_rest,
    read_span,
)
from diaryclient.diary.searching import search
from diaryclient.diary.writer import Writer
from diaryclient.entries.histories import EntryHistory, entry_histories
from diaryclient.home.outbox import Outbox
from protocol.errors import InvalidRequestError
from protocol.identifiers import Day, EntryId
from protocol.messages.account import Identity, Ping, Whoami
from protocol.messages.archive import ArchiveRow
from protocol.messages.batch import EntryRow, ResultRow
from protocol.messages.diary import Clear, Cleared, DayRow
from protocol.messages.usage import Usage, Used


@dataclass(frozen=True, slots=True)
class Pong:
    """How long the server took, in ms, and how far its clock is ahead of this machine's, in ms.

    `identity` is what it says of the login.
    """

    milliseconds: float
    ahead: int
    identity: Identity


class OpenDiary(Writer):
    """One login's diary. Every method that asks the server raises as `Asker.ask` does."""

    def __init__(self, asker: Asker, outbox: Outbox, clock: Clock) -> None:
        """Put a diary together from its parts; `open` does it for a real server."""
        super().__init__(asker, outbox, clock)
        self._changer = Changer(asker, clock)

    def store(self, rows: Iterable[EntryRow]) -> Iterator[tuple[EntryRow, ResultRow]]:
        """Send many entries, given by time, past the outbox; give what became of each.

        That is OK, CONFLICT or INVALID. Raise the RefusedError of any other code; the rows that
        were not given by then can be sent again under their ids.
        """
        return store_rows(self._asker, rows)

    def days(self, first: Day, last: Day) -> Iterator[DayRow]:
        """Give the days that have a file, both ends included, in their order."""
        return (row for page in list_days(self._asker, first, last) for row in page)

    def read_day(self, row: DayRow) -> bytes:
        """Give the raw bytes of a day's file."""
        return read_day(self._asker, row)

    def read_rest(self, row: DayRow, offset: int) -> bytes:
        """Give the bytes of a day's file from `offset` on; STALE if it was set aside since."""
        return read_rest(self._asker, row, offset)

    def clear(self, row: DayRow) -> str:
        """Set a day's file aside and give its name in the archive; STALE if that was done since."""
        return self._asker.ask(Clear(row.day, row.generation), Cleared).name

    def archives(self) -> Iterator[ArchiveRow]:
        """Give what was ever cleared, by day, then in the order of clearing."""
        return list_archives(self._asker)

    def recover(self, row: ArchiveRow) -> int:
        """Bring a cleared day back, and give how many entries it has.

        What was written to the day since stays, and so does the archive; doing it again adds
        nothing. StaleError if the day was cleared again since it was listed.
        """
        return recover(self._asker, row)

    def entries(self, first: Day, last: Day) -> Iterator[DayEntries]:
        """Give each day's entries as they stand now."""
        return read_span(self._asker, first, last, self.today())

    def newest_entries(self, first: Day, last: Day) -> Iterator[DayEntries]:
        """Give the same, the newest day first."""
        for page in list_newest_days(self._asker, first, last, self.today()):
            yield from read_entries(self._asker, page)

    def search(self, words: str, first: Day, last: Day) -> Iterator[DayEntries]:
        """Give the entries that have all of the words, as they stand now, day by day.

        Words are parted by white space, found anywhere in a text, in capitals or not. The server
        looks for them; raise UsageError for words that it would not look for.
        """
        return search(self._asker, words, first, last)

    def read_days(self, rows: Iterable[DayRow]) -> Iterator[DayEntries]:
        """Give the entries of listed days as they stand now, in the order of the rows."""
        return read_entries(self._asker, rows)

    def newest_histories(self, first: Day, last: Day) -> Iterator[EntryHistory]:
        """Give what became of each entry, removed ones too, the newest day first."""
        for page in list_newest_days(self._asker, first, last, self.today()):
            for day in read_records(self._asker, page):
                yield from entry_histories(day.day, day.records)

    def history(self, day: Day, entry_id: EntryId) -> EntryHistory | None:
        """Give what became of an entry of a day, None if the day has none of that id."""
        found = self.newest_histories(day, day)
        return next((each for each in found if each.id == entry_id), None)

    def amend(self, history: EntryHistory, text: str, *, star: bool) -> EntryHistory:
        """Give an entry another text and star.

        The change is made to the version that `history` ends with: StaleError if another device
        made one since. NotFoundError if the entry is gone; TextTooLongError before anything is
        sent. Without an answer, UnreachableError, it may have been made or not.
        """
        return self._changer.amend(history, text, star=star)

    def remove(self, history: EntryHistory) -> EntryHistory:
        """Hide an entry; `restore` brings it back. Raise as `amend`."""
        return self._changer.remove(history)

    def restore(self, history: EntryHistory) -> EntryHistory:
        """Take back the last amendment or removal that is not taken back yet; raise as `amend`.

        NotFoundError also if there is none.
        """
        return self._changer.restore(history)

    def anniversaries(self, day: Day) -> Iterator[DayEntries]:
        """Give the entries of this day of the year, in every year until that of `day`."""
        return read_entries(self._asker, list(list_anniversaries(self._asker, day)))

    def whoami(self) -> Identity:
        """Ask the server whom the login stands for."""
        return self._asker.ask(Whoami(), Identity)

    def usage(self) -> Used | None:
        """Ask how much room the diary and today take up; None: this server cannot tell."""
        try:
            return self._asker.ask(Usage(self.today()), Used)
        except InvalidRequestError:
            return None  # it is older than the question

    def ping(self) -> Pong:
        """Measure the way to the server and back, on a path that is already found."""
        answer, exchange = self._asker.ask_timed(Ping(), Identity)
        milliseconds = exchange.seconds * 1000
        halfway = exchange.sent.wall + round(milliseconds / 2)
        return Pong(milliseconds, answer.time - halfway, answer)
