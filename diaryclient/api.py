"""The diary for Python programs; docs/PYTHON.md shows how it is used.

Long, since it is all that a program sees, most of it docstrings.

    from diaryclient import Diary

    with Diary.connect() as diary:
        diary.write("a text")

Rules: the same core as the command line's (`diaryclient.diary.open_diary`), the same logins,
settings and outbox, the same errors. Nothing is printed. What would be a warning there is one of
the logger `diaryclient`, without any text of the diary.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from diaryclient.browsing.browsing import Page, Query, browse, find_history, search_pages
from diaryclient.browsing.spans import Span, When
from diaryclient.clock import SystemClock
from diaryclient.diary.fates import check_may_change, naming_fate
from diaryclient.diary.keeping import check_text, keep
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.diary.writer import Delivery
from diaryclient.entries.entry import DiaryEntry
from diaryclient.entries.histories import EntryHistory
from diaryclient.entries.selection import Selection, parse_tag
from diaryclient.errors import NoSuchEntryError, QueuedError
from diaryclient.home.leftovers import notes_below
from diaryclient.home.settings import Places
from diaryclient.login.care import LoginCare
from diaryclient.screen.display import short_id
from diaryclient.surroundings import Surroundings
from diaryclient.typed.composing import stamp_of_wall
from diaryclient.typed.time_reader import TimeReader
from diaryclient.typed.times.time_reading import DateOrder
from protocol.errors import StaleError, UsageError
from protocol.identifiers import EntryId
from protocol.messages.base import Scope, allows
from protocol.stamp import Stamp

_CLOSING_SECONDS: Final = 3.0
"""For older entries when a diary is closed, as after a command."""

_LOGGER: Final = logging.getLogger("diaryclient")

Named: TypeAlias = DiaryEntry | EntryId
"""An entry as it was read, or the id of one, such as a Receipt has."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a text.

    `is_saved`: it is on the server's disk. Else it waits in the outbox, `reason` says why, and this
    program or a command sends it later, under the same id.
    """

    id: EntryId
    stamp: Stamp
    is_saved: bool
    reason: str = ""


class Diary:
    """One person's diary, for one thread at a time.

    Whatever asks the server may raise UnreachableError, UnknownHostError, NotLoggedInError,
    IdentityChangedError, MalformedError or a RefusedError; all of them are a DiaryError.
    """

    def __init__(self, diary: OpenDiary, date_order: DateOrder | None = None) -> None:
        """Use a diary that is open already; `connect` opens one.

        `date_order` is what a date with slashes means, `dmy` or `mdy`.
        """
        self._diary = diary
        self._date_order = date_order
        self._was_answered = False

    @classmethod
    def connect(
        cls,
        server: str | None = None,
        user: str | None = None,
        *,
        profile: str | None = None,
        timezone: str | None = None,
    ) -> Self:
        """Open the diary that the command line would: its flags are `--server` and so on.

        What is left out is looked for in the environment (DIARY_TOKEN too) and in config.toml; else
        the newest login is used. Nothing is sent yet. Raise UsageError, NotLoggedInError or
        LoginFileError.
        """
        flags = {"server": server, "user": user, "profile": profile, "timezone": timezone}
        surroundings = Surroundings.of(flags, os.environ, SystemClock())
        return cls(surroundings.diary(surroundings.login()), surroundings.settings.date_order())

    @property
    def name(self) -> str:
        """Whose diary it is and where, as `alice@127.0.0.1:8888`."""
        return self._diary.login.name

    def write(self, text: str, *, at: datetime | str | None = None, star: bool = False) -> Receipt:
        """Write an entry, of now or of the time `at`, and wait for the server, 6 s at most.

        A text has up to 256 KiB; for a long one it is 6 s without progress. The text is taken as it
        is. It is on this machine's disk before anything is sent, and stays there whatever is
        raised, but for UsageError (an empty text, a time that is none or is to come) and
        NotKeptError (the disk does not take it). TextTooLongError: it is kept and never sent.
        """
        moment = self._moment(at)
        entry = keep(self._diary, check_text(text), star=star, at=moment)
        try:
            stored = self._diary.put(entry)
        except QueuedError as error:
            self._was_answered = False
            return Receipt(entry.id, entry.stamp, is_saved=False, reason=error.reason)
        self._was_answered = True
        return Receipt(stored.id, stored.stamp, is_saved=True)

    def read(
        self,
        *,
        since: When | None = None,
        until: When | None = None,
        tags: str | Iterable[str] = (),
        contains: str | Iterable[str] = (),
        starred: bool | None = None,
    ) -> Iterator[DiaryEntry]:
        """Give entries by time, as they arrive; both ends of the time are included.

        Of several tags one is enough, and of several texts; conditions of different kinds must all
        hold. Raise UsageError at once, all else while the entries are read.
        """
        span = Span.of(since, until, self._reader())
        wanted = frozenset(parse_tag(tag, "tags") for tag in _several(tags))
        selection = Selection(wanted, _several(contains), starred=starred)
        return self._entries(browse(self._diary, Query(span.first, span.last, selection)), span)

    def search(
        self, words: str, *, since: When | None = None, until: When | None = None
    ) -> Iterator[DiaryEntry]:
        """Give the entries that have all of the words, which the server looks for.

        A word is found anywhere in a text, in capitals or not; white space parts words. Raise
        UsageError at once for words that are too long or none, else as `read`.
        """
        span = Span.of(since, until, self._reader())
        return self._entries(search_pages(self._diary, words, span.first, span.last), span)

    def edit(
        self, entry: Named, text: str | None = None, *, star: bool | None = None
    ) -> DiaryEntry:
        """Give an entry another text or star, or both, and give it as it is then.

        What is None stays, and so does the time. Given a DiaryEntry, raise StaleError if its text
        or star is another one by now: then that stays. NoSuchEntryError if there is no such entry,
        it is removed, or it still waits in the outbox; TextTooLongError or UsageError for a text
        that cannot be one. After an UnreachableError nobody knows whether it was changed.
        """
        if text is None and star is None:
            raise UsageError("nothing is to be changed: give a text or a star")
        wanted = None if text is None else check_text(text)
        history = self._as_read(entry)
        current = history.current
        if wanted not in {None, current.text} or star not in {None, current.starred}:
            star_now = current.starred if star is None else star
            with naming_fate(history, "amended"):
                history = self._diary.amend(history, wanted or current.text, star=star_now)
        return self._shown(history)

    def remove(self, entry: Named) -> None:
        """Hide an entry, which `undo` brings back; raise as `edit`."""
        history = self._as_read(entry)
        with naming_fate(history, "removed"):
            self._diary.remove(history)

    def undo(self, entry: Named) -> DiaryEntry:
        """Take back the last `edit` or `remove` of an entry, and give it as it is then.

        Again, and it takes back the one before. NoSuchEntryError if there is nothing to take back;
        else raise as `edit`.
        """
        history = self._history(entry)
        if not history.has_changes:
            raise NoSuchEntryError(f"nothing to take back: {short_id(history.id)} is as it was")
        with naming_fate(history, "restored"):
            return self._shown(self._diary.restore(history))

    def export(
        self,
        path: Path | str,
        entries: Iterable[DiaryEntry] | None = None,
        *,
        form: str | None = None,
        replace: bool = False,
    ) -> int:
        """Write entries into a file, all by default, and give how many there are.

        `entries` are by time, as `read` and `search` give them. `form` is one of those of
        `diaryclient export --format`, else what the end of the file's name says; md-tree fills a
        new folder. The file is whole or absent. Raise UsageError if none can come there, or one is
        there already and `replace` is not set; ExportError if the disk does not take it; else as
        `read`.
        """
        from diaryclient.formats.files import export_entries, plan_export  # noqa: PLC0415 - seldom

        plan = plan_export(Path(path), form, replace=replace)
        if entries is None:
            self._send_older()
            entries = self.read()
        return export_entries(entries, plan, notes_below(Places.of(os.environ).state))

    def deliver(self, seconds: float = _CLOSING_SECONDS) -> Delivery:
        """Send the entries that wait in the outbox, for at most so many seconds.

        `close` does it too, if the server has answered.
        """
        return self._diary.deliver(seconds, has_new_login=not self._diary.login.is_stored)

    def close(self) -> None:
        """Close the diary; if the server has answered, first send what waits, renew the login."""
        try:
            if self._was_answered:
                self._was_answered = False
                self._look_after()
        finally:
            self._diary.close()

    def __enter__(self) -> Self:
        """Give the diary itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `close`; but an exception does not wait for entries of earlier days."""
        self._was_answered = self._was_answered and kind is None
        self.close()

    def _entries(self, pages: Iterator[Page], span: Span) -> Iterator[DiaryEntry]:
        self._was_answered = False
        for page in pages:
            self._was_answered = True
            yield from filter(span.has, page.entries)
        self._was_answered = True

    def _moment(self, at: datetime | str | None) -> Stamp | None:
        if at is None:
            return None
        if isinstance(at, str):
            return self._reader().stamp(at, "at")
        now = self._diary.now()
        return stamp_of_wall(at, now, self._diary.offset_at)

    def _reader(self) -> TimeReader:
        return TimeReader(self._diary.now(), self._diary.offset_at, lambda: self._date_order)

    def _as_read(self, entry: Named) -> EntryHistory:
        """Give the history of an entry that is there, and still as it was read."""
        history = self._history(entry)
        name = short_id(history.id)
        if history.is_removed:
            raise NoSuchEntryError(f"{name} is removed; undo brings it back")
        current = history.current
        if isinstance(entry, DiaryEntry) and (current.text, current.starred) != (
            entry.text,
            entry.is_starred,
        ):
            raise StaleError(f"{name} was changed since it was read; nothing was changed now")
        return history

    def _history(self, entry: Named) -> EntryHistory:
        check_may_change(self._diary.login)
        self._was_answered = False
        if isinstance(entry, DiaryEntry):
            found = self._diary.history(entry.stamp.day, entry.id)
            if found is None:
                raise NoSuchEntryError(f"{short_id(entry.id)} is not in the diary any more")
        else:
            found = find_history(self._diary, entry.hex(), with_removed=True)
        self._was_answered = True
        return found

    def _shown(self, history: EntryHistory) -> DiaryEntry:
        return DiaryEntry(history.current, self._diary.login.user)

    def _look_after(self) -> None:
        self._send_older()
        for words in LoginCare().look_after(self._diary):
            _LOGGER.warning("%s", words)

    def _send_older(self) -> None:
        may_write = allows(self._diary.login.scopes, Scope.WRITE)
        for words in self.deliver().problems if may_write else []:
            _LOGGER.warning("%s", words)
        for words in self._diary.outbox.set_damaged_aside():
            _LOGGER.warning("%s", words)


def _several(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
