"""The facade against a server in memory: nothing is lost, nothing is stored twice."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from diaryclient.asking.asker import Asker
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import NotLoggedInError, QueuedError
from diaryclient.home.settings import Choice
from diaryclient.typed.zones import ZonedClock
from protocol.errors import (
    BadTimeError,
    ConflictError,
    ErrorCode,
    QuotaError,
    ScopeError,
    TokenExpiredError,
    TokenRevokedError,
)
from protocol.messages.writing import Put
from protocol.stamp import Stamp
from tests.client.desk import Desk
from tests.client.fakes import login_to, seeded
from tests.client.network import lost


def test_an_entry_is_kept_before_it_is_sent_and_gone_after_the_answer(desk: Desk) -> None:
    """On the disk first; off it only for a signed OK."""
    seen: list[int] = []

    def there(datagram: bytes) -> list[tuple[float, bytes]]:
        seen.append(len(desk.outbox.waiting()))
        return [(0.01, datagram)]

    desk.transport.there = there
    with desk.diary() as diary:
        diary.put(diary.compose("a text", star=True))
    assert seen == [1]
    assert list(desk.outbox.entries()) == []
    assert desk.texts() == ["a text"]
    assert desk.transport.closed


def test_an_unanswered_entry_waits_and_is_sent_once(desk: Desk) -> None:
    """The answer was lost: queued now, sent again later, stored once."""
    desk.transport.back = lost
    diary = desk.diary()
    with pytest.raises(QueuedError, match=r"^queued [0-9a-f]{5}: no answer") as caught:
        diary.put(diary.compose("first"))
    assert caught.value.exit_status == 5
    desk.transport.back = lambda data: [(0.01, data)]
    assert desk.texts() == ["first"]
    delivery = desk.diary(2).deliver(3.0)
    assert (delivery.sent, delivery.problems, delivery.left) == (1, [], 0)
    assert desk.texts() == ["first"]


def test_waiting_entries_are_sent_in_their_order(desk: Desk) -> None:
    """Oldest first, each under its own id and time."""
    diary = desk.diary()
    for text in ("one", "two", "three"):
        diary.compose(text)
        desk.clock.monotonic += 1
    assert diary.deliver(3.0).sent == 3
    puts = [request.text for _, request in desk.server.requests if isinstance(request, Put)]
    assert puts == desk.texts() == ["one", "two", "three"]


def test_delivering_ends_in_time(desk: Desk) -> None:
    """Older entries take no longer than they may."""
    diary = desk.diary()
    for text in ("one", "two", "three"):
        diary.compose(text)
    desk.transport.back = lost
    delivery = diary.deliver(3.0)
    assert desk.clock.monotonic == pytest.approx(3.0)
    assert (delivery.sent, len(delivery.problems), delivery.left) == (0, 1, 3)
    assert diary.deliver(0.0).left == 3


@pytest.mark.parametrize(
    ("code", "error", "waits", "sent"),
    [
        (ErrorCode.EXPIRED, TokenExpiredError, False, 0),
        (ErrorCode.SCOPE, ScopeError, False, 1),
        (ErrorCode.CONFLICT, ConflictError, False, 0),
        (ErrorCode.QUOTA, QuotaError, True, 1),
    ],
)
def test_a_refused_entry_is_kept(
    desk: Desk, code: ErrorCode, error: type[Exception], waits: bool, sent: int
) -> None:
    """With its reason if repeating it as it is would be in vain, else waiting.

    A scope that did not allow it was another token's: this one may write.
    """
    desk.server.refusals.append(code)
    diary = desk.diary()
    with pytest.raises(error, match="kept in the outbox"):
        diary.put(diary.compose("a text"))
    [kept] = desk.outbox.entries()
    assert kept.refused == (None if waits else code)
    assert diary.deliver(3.0).sent == sent


def test_an_entry_refused_for_its_login_is_sent_after_the_next_one(desk: Desk) -> None:
    """An expired token does not throw typed text away."""
    desk.server.refusals.append(ErrorCode.REVOKED)
    diary = desk.diary()
    with pytest.raises(TokenRevokedError, match="diaryclient login diary"):
        diary.put(diary.compose("a text"))
    desk.outbox.release_login_refusals()
    assert diary.deliver(3.0).sent == 1


def test_one_refused_entry_does_not_block_the_others(desk: Desk) -> None:
    """A conflict is set aside and named; what comes after it is sent."""
    diary = desk.diary()
    diary.compose("one")
    desk.clock.monotonic += 1
    diary.compose("two")
    desk.server.refusals.append(ErrorCode.CONFLICT)
    delivery = diary.deliver(3.0)
    assert (delivery.sent, len(delivery.problems), delivery.left) == (1, 1, 0)
    assert desk.texts() == ["two"]


def test_an_unknown_token_keeps_the_text(desk: Desk) -> None:
    """The server is up and has forgotten the login: exit 3, and the entry waits."""
    desk.server.knows_token = False
    diary = desk.diary()
    with pytest.raises(NotLoggedInError, match="kept in the outbox until then"):
        diary.put(diary.compose("a text"))
    assert len(desk.outbox.waiting()) == 1


@pytest.mark.parametrize("ahead", [-86_400_000, 3_600_000])
def test_a_wrong_clock_is_corrected_by_the_signed_time(desk: Desk, ahead: int) -> None:
    """BADTIME: the same id, the entry's time moved as well, on the disk before it is sent."""
    desk.server.ahead = ahead
    diary = desk.diary()
    entry = diary.compose("a text")
    stored = diary.put(entry)
    assert stored.id == entry.id
    assert abs(stored.at - entry.at - ahead) < 1000
    assert [rid for rid, _ in desk.server.requests] == [entry.id] * 2
    assert abs(desk.logins.choose(Choice()).offset - ahead) < 1000
    diary = desk.diary(2)
    diary.put(diary.compose("another"))
    assert len(desk.server.requests) == 3


@pytest.mark.parametrize(
    ("now", "named", "shown"),
    [
        ("2026-10-25T02:30:30+02:00", None, "2026-10-25T02:30:00.000+01:00"),
        ("2026-03-29T01:30:30+01:00", None, "2026-03-29T03:30:00.000+02:00"),
        (
            "2026-10-25T02:30:30+02:00",
            Stamp(1_700_000_000_000, -300),
            "2023-11-14T17:13:20.000-05:00",
        ),
    ],
)
def test_a_corrected_entry_has_the_offset_of_its_own_moment(
    desk: Desk, now: str, named: Stamp | None, shown: str
) -> None:
    """Not that of the wrong one, which lay before the clock on the wall was changed."""
    desk.clock.wall = round(datetime.fromisoformat(now).timestamp()) * 1000
    desk.server.ahead = 3_600_000
    login = desk.logins.choose(Choice())
    asker = Asker(login, desk.logins, desk.connect, desk.clock, seeded())
    diary = OpenDiary(asker, desk.outbox, ZonedClock(desk.clock, ZoneInfo("Europe/Berlin")))
    stored = diary.put(diary.compose("a text", at=named))
    assert str(stored.stamp)[:16] + str(stored.stamp)[23:] == shown[:16] + shown[23:]


def test_a_corrected_entry_keeps_its_time_when_it_is_sent_again(desk: Desk) -> None:
    """The answer to the corrected attempt was lost: the repetition has the same content."""
    desk.server.ahead = 3_600_000
    answers = iter([True])
    desk.transport.back = lambda data: [(0.01, data)] if next(answers, False) else []
    diary = desk.diary()
    with pytest.raises(QueuedError):
        diary.put(diary.compose("a text"))
    desk.transport.back = lambda data: [(0.01, data)]
    delivery = desk.diary(2).deliver(3.0)
    assert (delivery.sent, delivery.problems) == (1, [])
    assert desk.texts() == ["a text"]


def test_a_clock_that_was_set_right_again_needs_no_correction(desk: Desk) -> None:
    """An offset learned from a wrong clock is forgotten once the clock is right."""
    desk.logins.save(login_to(desk.server, offset=3_600_000))
    diary = desk.diary()
    diary.put(diary.compose("a text"))
    assert desk.logins.choose(Choice()).offset == 0


def test_a_server_whose_time_makes_no_sense_is_asked_three_times(desk: Desk) -> None:
    """Two corrections are enough; then it is the server's trouble."""
    desk.server.refusals.extend([ErrorCode.BADTIME] * 9)
    with pytest.raises(BadTimeError):
        desk.diary().whoami()
    assert len(desk.server.requests) == 3


def test_an_entry_from_a_clock_that_ran_ahead_is_not_stuck(desk: Desk) -> None:
    """The server takes nothing from the future, so such an entry is from now."""
    diary = desk.diary()
    entry = diary.compose("a text")
    desk.outbox.keep(entry._replace(at=entry.at + 86_400_000))
    assert diary.deliver(3.0).sent == 1


def test_ping_tells_the_way_and_the_clocks(desk: Desk) -> None:
    """The server's clock against this machine's own."""
    desk.server.ahead = 500
    pong = desk.diary().ping()
    assert pong.milliseconds == pytest.approx(20)
    assert pong.ahead == 490


def test_today_is_this_machines_zone(desk: Desk) -> None:
    """The writer's wall clock decides the day."""
    desk.clock.offset = 14 * 60
    east = desk.diary().today()
    desk.clock.offset = -12 * 60
    assert desk.diary().today() < east
