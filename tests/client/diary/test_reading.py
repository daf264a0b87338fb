"""Reading days in pieces, over a bad network, while they change."""

import random
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.asking.exchange import Exchange
from diaryclient.asking.session import Session
from diaryclient.asking.window import FIRST, MOST
from protocol.dayfile import Foreign
from protocol.errors import (
    MalformedError,
    StaleError,
)
from protocol.identifiers import Day
from protocol.messages.diary import MAX_CHUNK
from tests.client.desk import EVER, Desk
from tests.client.fakes import ADDRESS, seeded
from tests.client.lossy_link import LossyTransport, Weather

TODAY = Day("2026-11-18")


def test_the_days_of_a_long_diary_are_all_listed(desk: Desk) -> None:
    """More rows than one answer has."""
    for number in range(75):
        desk.server.files[Day(f"2026-{1 + number // 28:02}-{1 + number % 28:02}")] = b"x\n"
    assert [row.day for row in desk.diary().days(*EVER)] == sorted(desk.server.files)
    first, last = Day("2026-01-05"), Day("2026-01-07")
    assert [row.day for row in desk.diary().days(first, last)] == [
        "2026-01-05",
        "2026-01-06",
        "2026-01-07",
    ]


@given(size=st.integers(0, 12_000), piece=st.integers(400, MAX_CHUNK), seed=st.integers(0, 9))
def test_a_day_comes_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, size: int, piece: int, seed: int
) -> None:
    """In whatever pieces and order, over a network that loses some."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    chance = seeded(seed)
    data = desk.server.files[TODAY] = chance(size)
    desk.server.piece = piece
    number = count(seed)
    desk.transport.back = lambda reply: [(chance(1)[0] / 2000, reply)] if next(number) % 4 else []
    diary = desk.diary()
    [row] = diary.days(*EVER)
    assert diary.read_day(row) == data


@given(st.integers(0, 2**32), st.lists(st.integers(0, 60_000), min_size=1, max_size=3))
def test_long_readings_are_whole_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int, sizes: list[int]
) -> None:
    """Where one in twenty is lost each way, and others are doubled or late; the window is kept."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    chance = random.Random(seed)
    for number, size in enumerate(sizes, start=1):
        lines = b"".join(b"%d: line %d\n" % (number, at) for at in range(size // 12))
        desk.server.files[Day(f"2026-01-{number:02}")] = lines + b"end\n"
    weather = Weather(loss=0.05, duplicate=0.05, reorder=0.05, delay=0.02)
    link = LossyTransport(desk.clock, desk.server, chance, weather)
    session = Watched(ADDRESS, link, desk.clock, seeded(seed))
    diary = desk.diary(connect=lambda: session)
    shown = [b"".join(line.raw + b"\n" for line in day.foreign) for day in diary.entries(*EVER)]
    assert shown == [desk.server.files[day] for day in sorted(desk.server.files)]
    assert session.most <= MOST
    assert session.most > FIRST or sum(sizes) < 20 * MAX_CHUNK or link.lost


class Watched(Session):
    """Remembers how many requests were in flight at most."""

    most = 0

    def _step(self, own: list[Exchange]) -> None:  # type: ignore[override]
        self.most = max(self.most, len(self._active))
        super()._step(own)


def append(desk: Desk) -> None:
    """Let the day grow by a line."""
    desk.server.files[TODAY] += b"y" * 100


def clear_once(desk: Desk) -> None:
    """Let the day be set aside once, and begin anew."""
    if not desk.server.generations:
        desk.server.generations[TODAY] = 1
        desk.server.files[TODAY] = b"new\n"


def shrink_once(desk: Desk) -> None:
    """Let the file lose its end without a new generation."""
    desk.server.files[TODAY] = desk.server.files[TODAY][:1500]


@pytest.mark.parametrize(
    ("change", "expected"),
    [(append, b"x" * 5000), (clear_once, b"new\n"), (shrink_once, b"x" * 1500)],
)
def test_a_day_that_changes_while_it_is_read(
    desk: Desk, change: Callable[[Desk], None], expected: bytes
) -> None:
    """What was there at the beginning, or the new day as a whole; never a mixture."""
    desk.server.files[TODAY] = b"x" * 5000
    diary = desk.diary()
    [row] = diary.days(*EVER)
    desk.server.before_read = lambda: change(desk)
    assert diary.read_day(row) == expected


def test_a_day_that_changes_for_ever_is_an_error(desk: Desk) -> None:
    """Two restarts, then the reason."""
    desk.server.files[TODAY] = b"x" * 10

    def clear() -> None:
        desk.server.generations[TODAY] = desk.server.generations.get(TODAY, 0) + 1

    desk.server.before_read = clear
    with pytest.raises(StaleError):
        list(desk.diary().entries(*EVER))


def test_a_day_that_is_gone_is_empty(desk: Desk) -> None:
    """Set aside between the list and the reading, and nothing written since."""
    desk.server.files[TODAY] = b"x" * 10

    def clear() -> None:
        desk.server.generations[TODAY] = 1
        desk.server.files.clear()

    desk.server.before_read = clear
    assert [day.entries for day in desk.diary().entries(*EVER)] == [[]]


def test_a_server_that_sends_nothing_is_an_error_and_no_endless_loop(desk: Desk) -> None:
    """An empty piece of a day that has more."""
    desk.server.files[TODAY] = b"x" * 10
    desk.server.piece = 0
    with pytest.raises(MalformedError, match="empty piece"):
        list(desk.diary().entries(*EVER))


def test_foreign_lines_are_kept_apart(desk: Desk) -> None:
    """They neither vanish nor pass for entries."""
    diary = desk.diary()
    diary.put(diary.compose("mine"))
    [day_file] = desk.server.files.values()
    [day] = desk.server.files
    desk.server.files[day] = day_file + b"scribble \xff\n"
    [read] = diary.entries(*EVER)
    assert [each.text for each in read.entries] == ["mine"]
    assert read.foreign == [Foreign(2, b"scribble \xff")]


def test_days_are_read_together_and_come_in_order(desk: Desk) -> None:
    """Many days cost fewer round trips than one each; one that changes meanwhile blocks none."""
    days = [Day(f"2026-03-{number:02}") for number in range(1, 31)]
    for number, day in enumerate(days):
        desk.server.files[day] = b"x\n" * (1 + 700 * (number % 3))

    def clear() -> None:
        desk.server.generations[days[4]] = 1
        desk.server.files[days[4]] = b"new\n"

    desk.server.before_read = clear
    read = list(desk.diary().entries(*EVER))
    assert [each.day for each in read] == days
    assert [len(each.foreign) for each in read] == [
        1 if number == 4 else 1 + 700 * (number % 3) for number in range(30)
    ]
    assert desk.clock.monotonic < 0.02 * 30
