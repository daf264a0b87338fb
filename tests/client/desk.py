"""A diary with everything around it, over a network in memory."""

from pathlib import Path

from diaryclient.asking import Asker
from diaryclient.diary import Diary
from diaryclient.logins import Logins
from diaryclient.outbox import Outbox
from diaryclient.settings import Choice
from protocol.identifiers import Day
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

    def diary(self, seed: int = 1) -> Diary:
        """Open the diary as a new process would; `seed` makes its ids."""
        asker = Asker(
            self.logins.choose(Choice()),
            self.logins,
            lambda: session_with(self.transport),
            self.clock,
            seeded(seed),
        )
        return Diary(asker, self.outbox, self.clock)

    def texts(self) -> list[str]:
        """Give the texts that are stored, by time."""
        return [each.text for day in self.diary(99).entries(*EVER) for each in day.entries]
