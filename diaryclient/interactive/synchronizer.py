"""Keeps an interactive diary and its server in step: sends what was typed, fetches what is new.

Rules: every method may wait for the network, is called by one thread at a time, gives what to tell
the person, and raises nothing that a network or a disk can cause. While the server is away an entry
is queued at once; pauses between attempts then grow, and each begins with a new look-up and new
sockets, since a laptop may have moved. A problem that nobody caused by typing is told once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from diaryclient.asking.polling import LONGEST_PAUSE, pause_after
from diaryclient.clock import Clock
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.diary.reading import DayEntries
from diaryclient.errors import QueuedError, UnknownHostError, UnreachableError, is_open
from diaryclient.home.outbox import FINAL_REFUSALS, LOGIN_REFUSALS, Entry
from diaryclient.interactive import notices
from diaryclient.interactive.follower import TodayFollower
from diaryclient.login.care import LoginCare
from protocol.errors import NOT_YET, DiaryError, NotFoundError, RefusedError, StaleError
from protocol.identifiers import EntryId
from protocol.messages.diary import DayRow

_DELIVERING_SECONDS: Final = 3.0
"""For waiting entries at one time, so that a line typed meanwhile gets its turn."""


@dataclass(frozen=True, slots=True)
class ClearPlan:
    """The day to be cleared as it was when the person asked; None, and why not.

    `entries` is how many entries it shows; its row counts the removed ones too.
    """

    row: DayRow | None
    reason: str = ""
    entries: int = 0


class Synchronizer:
    """The jobs of an interactive diary.

    `diary` may be used by another thread to compose entries. `is_away` tells that the server did
    not answer the last time.
    """

    def __init__(self, open_diary: Callable[[], OpenDiary], clock: Clock) -> None:
        """`open_diary` opens the diary of the login as it is then; it may raise DiaryError."""
        self.diary = open_diary()
        self.is_away = False
        self._open_diary = open_diary
        self._clock = clock
        self._today = TodayFollower()
        self._saved = set[EntryId]()
        self._failures = 0
        self._why_away = ""
        self._is_stale = False
        self._deliver_from = 0.0
        self._told = dict[str, type[Exception]]()
        self._care = LoginCare()

    @property
    def pause(self) -> float:
        """The seconds until the next `tick`."""
        return pause_after(self._failures)

    def note_composed(self, entry: Entry) -> None:
        """Be told that an entry was typed here: its line on the screen is not news."""
        self._today.composed(entry.id)

    def send(self, entry: Entry) -> list[str]:
        """Send an entry that was just typed."""
        if entry.id in self._saved:
            return []
        if self.is_away:
            return [self.queue(entry)]
        self._reopen()
        try:
            said = self._outcome(self.diary.put(entry), None)
        except DiaryError as error:
            said = self._outcome(entry, error)
            if not _is_final(error):
                self._failed("sending", error)
                self._why_away = ""  # told by `said`
        return [said]

    def queue(self, entry: Entry) -> str:
        """Say of an entry typed while the server is away that it waits; any thread may ask.

        The first is told why. The next `tick` is wanted soon: somebody is there.
        """
        reason, self._why_away = self._why_away, ""
        self._failures = 0
        return notices.queued(entry.id, reason)

    def show(self) -> list[str]:
        """Give today from its start, and what waits here."""
        self._reopen()
        try:
            said = notices.today(self.diary.login.name, self._read_all())
        except DiaryError as error:
            self._failed("reading", error)
            said = [
                notices.heading(self.diary.today(), self.diary.login.name),
                f"today cannot be shown: {error}",
            ]
        return said + notices.waiting(self._waiting(), self.diary.today())

    def plan_clear(self) -> ClearPlan:
        """See what is to be cleared."""
        self._reopen()
        day = self.diary.today()
        try:
            row = next(iter(self.diary.days(day, day)), None)
            shown = sum(len(each.entries) for each in self.diary.read_days([row] if row else []))
        except DiaryError as error:
            self._failed("clearing", error)
            return ClearPlan(None, f"nothing was cleared: {error}")
        if row is None or row.size == 0:
            return ClearPlan(None, "today is empty already")
        return ClearPlan(row, entries=shown)

    def clear(self, row: DayRow, shown: int) -> list[str]:
        """Set aside the day that was planned, with so many entries, unless it changed since."""
        try:
            self.diary.clear(row)
        except (StaleError, NotFoundError):
            return ["the day changed meanwhile, it was cleared elsewhere; nothing was cleared here"]
        except DiaryError as error:
            self._failed("clearing", error)
            if is_open(error):
                return [f"{error}: today may be cleared or not; -r shows it"]
            return [f"nothing was cleared: {error}"]
        self._today.cleared(row)
        return [notices.cleared(row.day, shown)]

    def tick(self) -> list[str]:
        """Send what waits, then look for news, then renew the login if that is due."""
        self._reopen()
        self._failures += 1
        is_answered = True
        try:
            said, is_answered = self._deliver()
            said += self.diary.outbox.set_damaged_aside()
        except OSError as error:
            is_news = self._failed("sending", error)
            said = [f"the outbox cannot be used: {error.strerror}"] if is_news else []
        if is_answered:
            said += self._look()
        if not self.is_away:
            said += self._care.look_after(self.diary)
        return said

    def left_behind(self) -> list[str]:
        """Say on leaving what was not sent."""
        count = len(self._waiting())
        return [notices.left_behind(count)] if count else []

    def _deliver(self) -> tuple[list[str], bool]:
        """Send what waits; give what to tell, and whether the server is worth another question."""
        told: list[str] = []
        if self._clock.instant().monotonic < self._deliver_from:
            return told, True
        for attempt in self.diary.deliveries(_DELIVERING_SECONDS):
            said = self._outcome(attempt.entry, attempt.error)
            if attempt.error is None or _is_final(attempt.error):
                told.append(said)
                continue
            is_news = self._failed("sending", attempt.error)
            if self.is_away:
                return told, False
            # A server that refuses one refuses the rest as well.
            self._deliver_from = self._clock.instant().monotonic + LONGEST_PAUSE
            return told + [said] * is_news, True
        return told, True

    def _outcome(self, entry: Entry, error: DiaryError | None) -> str:
        """Take note of what became of an entry, and give what to say."""
        if error is None:
            self._reached("sending")
            self._saved.add(entry.id)
            return notices.saved(entry)
        return (
            notices.queued(entry.id, error.reason) if isinstance(error, QueuedError) else str(error)
        )

    def _look(self) -> list[str]:
        try:
            before = self._today.day
            if before is None:
                return notices.today(self.diary.login.name, self._read_all())
            news = self._today.read_news(self.diary)
        except DiaryError as error:
            is_news = self._failed("reading", error)
            return [str(error)] if is_news and not self.is_away else []
        self._reached("reading")
        said: list[str] = []
        if news.written.day != before:
            said.append(notices.heading(news.written.day, self.diary.login.name))
        return said + notices.news(news)

    def _read_all(self) -> DayEntries:
        shown = self._today.read_all(self.diary)
        self._reached("reading")
        return shown

    def _waiting(self) -> list[Entry]:
        held = LOGIN_REFUSALS | {None}
        return [entry for entry in self.diary.outbox.entries() if entry.refused in held]

    def _reached(self, doing: str) -> None:
        self.is_away = False
        self._failures = 0
        self._told.pop(doing, None)

    def _failed(self, doing: str, error: DiaryError | OSError) -> bool:
        """Take note of a failure; tell whether it is another than the last."""
        was_away = self.is_away
        self.is_away = isinstance(error, QueuedError | UnreachableError | UnknownHostError) or (
            isinstance(error, RefusedError) and error.code in NOT_YET
        )
        self._is_stale = True
        if self.is_away and not was_away:
            self._why_away = error.reason if isinstance(error, QueuedError) else str(error)
        before = self._told.get(doing)
        self._told[doing] = type(error)
        return before is not type(error)

    def _reopen(self) -> None:
        """Take what another process renewed; after a failure, begin anew."""
        self.diary.asker.take_newer()
        if not self._is_stale:
            return
        try:
            reopened = self._open_diary()
        except DiaryError:
            return  # there is no such login any more; the server says what that means
        self.diary.close()
        self.diary = reopened
        self._is_stale = False


def _is_final(error: DiaryError) -> bool:
    return isinstance(error, RefusedError) and error.code in FINAL_REFUSALS
