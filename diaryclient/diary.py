"""A user's diary on a server, for the command line and for programs.

    with Diary.open(login, logins, outbox) as diary:
        diary.put(diary.compose("a text"))

Rules: `compose` puts an entry on this machine's disk, `put` sends it, and only a signed OK takes it
off the disk again. Whatever else happens, the entry waits in the outbox and is sent later under the
same id, so it is never lost and never stored twice. A clock that is wrong by more than the protocol
allows is corrected by the server's, signed, time; the machine's own is never touched.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from diaryclient.asking import Asker
from diaryclient.clock import Clock, SystemClock
from diaryclient.display import short_id
from diaryclient.errors import (
    IdentityChangedError,
    NotLoggedInError,
    QueuedError,
    UnknownHostError,
    UnreachableError,
)
from diaryclient.exchange import PATIENCE, Chance
from diaryclient.link import open_session
from diaryclient.logins import Login, Logins
from diaryclient.outbox import FINAL_REFUSALS, LOGIN_REFUSALS, Entry, Outbox
from diaryclient.reading import DayEntries, list_days, read_day, read_entries, read_rest
from diaryclient.session import Session
from protocol.dayfile import Stamp
from protocol.errors import (
    NOT_YET,
    DiaryError,
    ErrorCode,
    MalformedError,
    RefusedError,
)
from protocol.identifiers import Day
from protocol.messages import (
    MAX_SKEW_MILLISECONDS,
    Clear,
    Cleared,
    DayRow,
    Identity,
    Ping,
    Request,
    Stored,
    Whoami,
)


@dataclass(frozen=True, slots=True)
class Pong:
    """How long the server took, in ms, and how far its clock is ahead of this machine's, in ms."""

    milliseconds: float
    ahead: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of waiting entries: how many were sent, what went wrong, how many still wait."""

    sent: int
    problems: list[str]
    left: int


class Diary:
    """One login's diary. Every method that asks the server raises as `Asker.ask` does."""

    def __init__(self, asker: Asker, outbox: Outbox, clock: Clock) -> None:
        """Put a diary together from its parts; `open` does it for a real server."""
        self.outbox = outbox
        self._asker = asker
        self._clock = clock

    @classmethod
    def open(
        cls,
        login: Login,
        logins: Logins,
        outbox: Outbox,
        *,
        clock: Clock | None = None,
        chance: Chance = os.urandom,
    ) -> Self:
        """Open the diary of a login; nothing is sent or looked up yet."""
        own_clock = clock or SystemClock()

        def connect() -> Session:
            return open_session(login.address, own_clock, chance)

        return cls(Asker(login, logins, connect, own_clock, chance), outbox, own_clock)

    def __enter__(self) -> Self:
        """Give the diary itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """As `close`."""
        self.close()

    def close(self) -> None:
        """Close the sockets."""
        self._asker.close()

    @property
    def login(self) -> Login:
        """The login that the diary is read and written with."""
        return self._asker.login

    def compose(self, text: str, *, star: bool = False, refused: ErrorCode | None = None) -> Entry:
        """Make an entry of now and keep it in the outbox, with `refused` as its reason to stay.

        Raise OSError if the disk does not take it; then nothing was kept.
        """
        at = self._asker.now().wall
        off = self._clock.local_offset(at)
        entry = Entry(self._asker.new_id(), at, off, text, star, refused)
        self.outbox.keep(entry)
        return entry

    def put(self, entry: Entry, patience: float = PATIENCE) -> Entry:
        """Send an entry of the outbox, and give it as it was stored: its time may be corrected.

        Raise QueuedError if its fate is open after `patience` seconds, or the RefusedError,
        NotLoggedInError or IdentityChangedError; in every case the entry is kept.
        """
        current = entry

        def corrected(change: int) -> Request:
            nonlocal current
            current = replace(current, at=current.at + change)
            self.outbox.keep(current)
            return current.request

        request, rid = entry.request, entry.id
        try:
            self._asker.ask(request, Stored, rid=rid, patience=patience, corrected=corrected)
        except DiaryError as error:
            raise self._kept(current, error) from None
        with suppress(OSError):  # it stays, is sent once more, and the server knows it
            self.outbox.remove(entry.id)
        return current

    def deliver(self, seconds: float) -> Delivery:
        """Send the waiting entries, oldest first, for at most so many seconds."""
        deadline = self._clock.instant().monotonic + seconds
        sent, problems = 0, []
        for entry in self.outbox.waiting():
            patience = min(PATIENCE, deadline - self._clock.instant().monotonic)
            if patience <= 0:
                break
            try:
                self.put(self.not_after_now(entry), patience)
                sent += 1
            except DiaryError as error:
                problems.append(str(error))
                if not (isinstance(error, RefusedError) and error.code in FINAL_REFUSALS):
                    break
        return Delivery(sent, problems, len(self.outbox.waiting()))

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

    def entries(self, first: Day, last: Day) -> Iterator[DayEntries]:
        """Give each day's entries as they stand now."""
        for page in list_days(self._asker, first, last):
            yield from read_entries(self._asker, page)

    def whoami(self) -> Identity:
        """Ask the server whom the login stands for."""
        return self._asker.ask(Whoami(), Identity)

    def ping(self) -> Pong:
        """Measure the way to the server and back, on a path that is already found."""
        answer, exchange = self._asker.ask_timed(Ping(), Identity)
        milliseconds = exchange.seconds * 1000
        halfway = exchange.sent.wall + round(milliseconds / 2)
        return Pong(milliseconds, answer.time - halfway)

    def today(self) -> Day:
        """Give the day that an entry written now belongs to."""
        at = self._asker.now().wall
        return Stamp(at, self._clock.local_offset(at)).day

    def not_after_now(self, entry: Entry) -> Entry:
        """Give a waiting entry as it can be sent: the server takes nothing from the future."""
        now = self._asker.now().wall
        if entry.at <= now + MAX_SKEW_MILLISECONDS:
            return entry
        past = replace(entry, at=now)
        self.outbox.keep(past)
        return past

    def _kept(self, entry: Entry, error: DiaryError) -> DiaryError:
        name = short_id(entry.id)
        if isinstance(error, UnreachableError | UnknownHostError | MalformedError) or (
            isinstance(error, RefusedError) and error.code in NOT_YET
        ):
            return QueuedError(
                f"queued {name}: {error}; kept in the outbox and sent with a later write",
                str(error),
            )
        if isinstance(error, NotLoggedInError | IdentityChangedError):
            return type(error)(f"{error}; {name} is kept in the outbox until then")
        if not isinstance(error, RefusedError):
            return error
        if error.code not in LOGIN_REFUSALS | FINAL_REFUSALS:
            reason = f"{error}; {name} is kept in the outbox and sent with a later write"
        elif error.code in LOGIN_REFUSALS:
            self.outbox.hold_back(entry, error.code)
            reason = f"{error}; {name} is kept in the outbox until then"
        else:
            self.outbox.hold_back(entry, error.code)
            reason = f"{error}; {name} is kept in the outbox: {self.outbox.path(entry.id)}"
        return type(error)(reason, error.server_time)
