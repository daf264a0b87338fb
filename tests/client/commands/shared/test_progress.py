"""The bar of what takes long: late, on a terminal only, and never in the way of what is printed."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import pytest

from diaryclient.commands.shared.progress import SHOWN_AFTER, LateBar, late_bar
from diaryclient.diary.open_diary import OpenDiary
from tests.client.desk import EVER, Desk


class Screen(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@contextmanager
def terminal() -> Iterator[Screen]:
    """Let standard error be a terminal."""
    with redirect_stderr(Screen()) as screen:
        yield screen


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A diary with everything around it."""
    return Desk(tmp_path)


def filled(desk: Desk) -> OpenDiary:
    """Give a diary of three days, one of them large."""
    diary = desk.diary()
    for age, size in ((2, 10), (1, 200_000), (0, 10)):
        now = diary.now()
        at = type(now)(now.at - age * 86_400_000, now.off)
        diary.put(diary.compose("x" * size, at=at))
    return desk.diary(2)


def test_a_quick_thing_shows_nothing(desk: Desk) -> None:
    """Nor does anything before its second is over."""
    with terminal() as screen:
        bar = LateBar(desk.diary(), "sending")
        for done in range(100):
            bar.told(done, 100)
        desk.clock.monotonic += SHOWN_AFTER
        bar.told(100, 100)
        bar.close()
        assert screen.getvalue() == ""


def test_a_slow_thing_shows_how_far_it_is(desk: Desk) -> None:
    """And ends its line; the next thing has its own second."""
    with terminal() as screen:
        bar = LateBar(desk.diary(), "sending")
        bar.told(0, 4)
        desk.clock.monotonic += SHOWN_AFTER
        bar.told(1, 4)
        assert "sending" in screen.getvalue()
        assert "25%" in screen.getvalue()
        bar.told(4, 4)
        bar.told(0, 4)
        assert screen.getvalue().endswith("\n")
        shown = len(screen.getvalue())
        bar.told(2, 4)
        bar.close()
        assert len(screen.getvalue()) == shown


def test_nothing_is_shown_behind_what_was_printed(desk: Desk) -> None:
    """Where the entries are on the screen, they are the progress."""
    with terminal() as screen:
        bar = LateBar(desk.diary(), "reading")

        def slow_pages() -> Iterator[str]:
            for number in range(1, 4):
                desk.clock.monotonic += SHOWN_AFTER
                bar.told(number, 4)
                yield f"page {number}"

        seen = [(page, screen.getvalue().count("reading")) for page in bar.before(slow_pages())]
        assert [page for page, _ in seen] == ["page 1", "page 2", "page 3"]
        assert len({count for _, count in seen}) == 1
        assert screen.getvalue().endswith("\n")


def test_no_terminal_no_bar(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it takes."""
    with late_bar(desk.diary(), "reading") as bar:
        desk.clock.monotonic += 60
        bar.told(1, 4)
    assert capsys.readouterr().err == ""


def test_a_reading_tells_how_far_it_is(desk: Desk) -> None:
    """In days, and within the days of an answer in bytes; from nothing to all."""
    diary = filled(desk)
    told: list[tuple[int, int]] = []
    diary.asker.told = lambda done, total: told.append((done, total))
    assert [len(day.entries) for day in diary.entries(*EVER)] == [1, 1, 1]
    [total] = {total for _, total in told}
    done = [each for each, _ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, total)
    assert len(set(done)) > 100


def test_a_reading_of_nothing_tells_nothing(desk: Desk) -> None:
    """There is no way to be told of."""
    diary = desk.diary()
    told: list[tuple[int, int]] = []
    diary.asker.told = lambda done, total: told.append((done, total))
    assert list(diary.entries(*EVER)) == []
    assert told == []
