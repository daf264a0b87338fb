"""What of a diary writing needs: to keep an entry, to send it and all that waits, and to be closed.

    with Writer.open(login, logins, outbox) as writer:
        writer.put(writer.compose("a text"))

Rules: `compose` puts an entry on this machine's disk, `put` sends it, and only a signed OK takes it
off the disk again. Whatever else happens, the entry waits in the outbox and is sent later under the
same id, so it is never lost and never stored twice (`diaryclient.diary.sending`). A clock that is
wrong by more than the protocol allows is corrected by the server's, signed, time; the machine's own
is never touched. `diaryclient.diary.open_diary` adds all that reads: `diaryclient write` must not
import that.
"""

import os
from types import TracebackType
from typing import NamedTuple, Self

from diaryclient.asking.asker import Asker
from diaryclient.asking.exchange import Chance
from diaryclient.asking.link import open_session
from diaryclient.asking.session import Session
from diaryclient.clock import Clock, SystemClock
from diaryclient.diary.sending import Sender
from diaryclient.files.disks import reason_of
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Entry, Outbox
from protocol.errors import ErrorCode
from protocol.identifiers import Day
from protocol.stamp import Stamp


class Delivery(NamedTuple):
    """What became of waiting entries: how many were sent, what went wrong, how many still wait."""

    sent: int
    problems: list[str]
    left: int


class Writer(Sender):
    """Writes with one login. What asks the server raises as `Asker.ask` does."""

    def __init__(self, asker: Asker, outbox: Outbox, clock: Clock) -> None:
        """Put one together from its parts; `open` does it for a real server."""
        super().__init__(asker, outbox, clock)
        self._is_closed = False

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
        """Open for a login; nothing is sent or looked up yet."""
        own_clock = clock or SystemClock()

        def connect() -> Session:
            return open_session(login.address, own_clock, chance)

        return cls(Asker(login, logins, connect, own_clock, chance), outbox, own_clock)

    def __enter__(self) -> Self:
        """Give itself."""
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
        """Close the sockets, and let other processes have the entries composed here."""
        self._is_closed = True
        self.outbox.release_all()
        self._asker.close()

    @property
    def login(self) -> Login:
        """The login that is asked with."""
        return self._asker.login

    @property
    def asker(self) -> Asker:
        """What asks the server, for questions about the login itself."""
        return self._asker

    def compose(
        self,
        text: str,
        *,
        star: bool = False,
        at: Stamp | None = None,
        refused: ErrorCode | None = None,
    ) -> Entry:
        """As Sender; what is composed after the end is left to other processes."""
        entry = super().compose(text, star=star, at=at, refused=refused)
        if self._is_closed:
            self.outbox.release(entry.id)
        return entry

    def deliver(self, seconds: float, *, has_new_login: bool = False) -> Delivery:
        """Send the waiting entries, oldest first, for at most so many seconds.

        If another process is doing that, leave it to that one. With a new login, what was refused
        for an earlier one waits again.
        """
        sent, problems = 0, []
        try:
            if has_new_login:
                self.outbox.release_login_refusals()
            for attempt in self.deliveries(seconds):
                if attempt.error:
                    problems.append(str(attempt.error))
                else:
                    sent += 1
        except OSError as error:
            reason = reason_of(error, self.outbox.folder)
            problems.append(f"the outbox {self.outbox.folder} cannot be used: {reason}")
        return Delivery(sent, problems, len(self.outbox.waiting()))

    def offset_at(self, at: int) -> int:
        """Give the writer's zone at a moment (ms since the epoch), in minutes east of UTC."""
        return self._clock.local_offset(at)

    def today(self) -> Day:
        """Give the day that an entry written now belongs to."""
        return self.now().day
