"""Lines from a pipe while the server answers, refuses, or is away; the clock is a fake."""

from itertools import count, pairwise

import pytest

from diaryclient.commands.piped import LineWriter
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.login.renewal import renew
from protocol.errors import ErrorCode
from tests.client.desk import Desk
from tests.client.fakes import KID
from tests.client.network import arrives, lost


@pytest.fixture
def writer(desk: Desk) -> LineWriter:
    """A writer that may clear."""
    seeds = count(100)

    def open_diary() -> OpenDiary:
        return desk.diary(next(seeds))

    return LineWriter(open_diary, desk.clock, clears=True)


def waiting(desk: Desk) -> list[str]:
    """Give the texts that are still to be sent."""
    return [entry.text for entry in desk.outbox.waiting()]


def test_a_thousand_lines_do_not_wait_six_seconds_each(desk: Desk, writer: LineWriter) -> None:
    """One attempt, then a growing pause; what is kept meanwhile stays open to other processes."""
    desk.transport.there = lost
    for number in range(200):
        writer.take(f"{number}")
    assert desk.clock.monotonic < 7
    assert len(waiting(desk)) == 200
    assert not writer._diary.outbox._held
    moments = []
    for _ in range(300):
        desk.clock.monotonic += 1
        before = desk.clock.monotonic
        writer.take("later")
        if desk.clock.monotonic > before:
            moments.append(before)
    pauses = [after - before for before, after in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 60


def test_what_waits_is_sent_when_the_input_ends(
    desk: Desk, writer: LineWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then nothing is queued any more, and the exit status says so."""
    desk.transport.there = lost
    writer.take("first")
    writer.take("second")
    desk.transport.there = arrives
    writer.finish()
    assert writer.status == 0
    assert desk.texts() == ["first", "second"]
    assert capsys.readouterr().err.endswith("sent 2 waiting, 0 left\n")


def test_what_still_waits_is_the_status(desk: Desk, writer: LineWriter) -> None:
    """Older entries, which nobody gave to this run, are not counted."""
    desk.transport.there = lost
    desk.diary(7).compose("older")
    writer.finish()
    assert writer.status == 0
    writer.take("new")
    writer.finish()
    assert writer.status == 5


def test_after_a_refused_login_nothing_more_is_sent(desk: Desk, writer: LineWriter) -> None:
    """All lines are kept."""
    desk.server.refusals.append(ErrorCode.REVOKED)
    for text in ("one", "two", "three"):
        writer.take(text)
    writer.finish()
    assert writer.status == 3
    assert len(desk.server.requests) == 1
    assert sorted(waiting(desk)) == ["three", "two"]
    assert [entry.refused for entry in desk.outbox.entries()] == [ErrorCode.REVOKED, None, None]


@pytest.mark.parametrize(
    ("code", "status"), [(ErrorCode.INVALID, 6), (ErrorCode.QUOTA, 6), (ErrorCode.BUSY, 0)]
)
def test_a_refusal_of_one_line(
    desk: Desk, writer: LineWriter, code: ErrorCode, status: int
) -> None:
    """What may pass later is tried again at the end, what may not stays, and the rest is saved."""
    desk.server.refusals.append(code)
    writer.take("bad")
    desk.clock.monotonic += 10
    writer.take("good")
    writer.finish()
    assert writer.status == status
    assert "good" in desk.texts()
    assert ("bad" in desk.texts()) == (code is not ErrorCode.INVALID)


def test_clearing_and_showing(
    desk: Desk, writer: LineWriter, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `read` prints it; a day that is cleared reads empty."""
    for line in ("text", "-r", "-C", "-R", "-c"):
        writer.take(line)
    out, err = capsys.readouterr()
    assert out.splitlines()[1].endswith(" text")
    assert out.splitlines()[2:] == ["cleared 2026-11-18, 1 entry"]
    empty = "no entries on 2026-11-18\n"
    assert err == f"to bring it back: diaryclient recover 2026-11-18\n{empty}{empty}"
    desk.transport.there = lost
    writer.take("-r")
    assert writer.status == 4


def test_who_types_is_asked_once_and_a_pipe_never(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a terminal that cannot edit lines; the same line again is an entry, after another not."""
    typing = LineWriter(desk.diary, desk.clock, clears=False, asks=True)
    for line in ("help", "-x", "help", "help", "quit"):
        typing.take(line)
    out, err = capsys.readouterr()
    assert desk.texts() == ["help"]
    assert out.count("saved ") == 1
    assert err.count("not saved: to save this line, type it once more") == 4
    assert typing.status == 0
    piped = LineWriter(desk.diary, desk.clock, clears=False)
    piped.take("quit")
    assert desk.texts() == ["help", "quit"]


def test_a_stream_of_days_renews_its_login(desk: Desk, writer: LineWriter) -> None:
    """And takes what another process renewed, before the old token ends."""
    desk.server.hints = True
    writer.take("first")
    renewed = writer._diary.login
    assert renewed.kid != KID
    desk.server.hints = False
    other = desk.diary(5)
    desk.server.hints = True
    other.whoami()
    renew(other.asker)
    desk.server.hints = False
    desk.server.account.tokens[renewed.kid].ended = ErrorCode.EXPIRED
    writer.take("second")
    assert writer.status == 0
    assert desk.texts() == ["first", "second"]
