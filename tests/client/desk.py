"""A diary with everything around it, over a network in memory."""

from collections.abc import Callable
from pathlib import Path

from diaryclient.asking.asker import Asker
from diaryclient.asking.session import Session
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Outbox
from diaryclient.home.settings import Choice
from protocol.identifiers import Day, EntryId
from tests.client.fakes import FakeClock, FakeServer, login_to, seeded
from tests.client.network import FakeTransport, session_with

EVER = (Day("0001-01-01"), Day("9999-12-31"))


class Desk:
    """A diary with everything around it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.server = FakeServer(self.clock)
        self.transport = FakeTransport(self.clock, [self.server])
        self.logins = Logins(folder / "logins")
        self.outbox = Outbox(folder / "outbox")
        self.logins.save(login_to(self.server))

    def diary(
        self,
        seed: int = 1,
        outbox: Outbox | None = None,
        connect: Callable[[], Session] | None = None,
    ) -> OpenDiary:
        """Open the diary as a new process would; `seed` makes its ids.

        A new process has an `outbox` object of its own, and may `connect` otherwise.
        """
        login = self.logins.choose(Choice())
        asker = Asker(login, self.logins, connect or self.connect, self.clock, seeded(seed))
        return OpenDiary(asker, outbox or self.outbox, self.clock)

    def connect(self) -> Session:
        """Give a session over the network in memory."""
        return session_with(self.transport)

    def texts(self) -> list[str]:
        """Give the texts that are stored, by time."""
        return [each.text for day in self.diary(99).entries(*EVER) for each in day.entries]

    def standing(self) -> dict[EntryId, str]:
        """Give the texts as they stand."""
        return {each.id: each.text for day in self.diary(99).entries(*EVER) for each in day.entries}
