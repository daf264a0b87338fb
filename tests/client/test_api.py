"""The diary for Python programs, over a network in memory and as `connect` finds it."""

import logging
import re
import stat
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import diaryclient
from diaryclient import (
    Diary,
    DiaryEntry,
    DiaryError,
    ExportError,
    NoSuchEntryError,
    NotLoggedInError,
    ScopeError,
    StaleError,
    TextTooLongError,
    TokenRevokedError,
    UnreachableError,
    UsageError,
)
from diaryclient import errors as client_errors
from diaryclient.browsing.spans import Span
from diaryclient.typed.time_reader import TimeReader
from protocol import errors as shared_errors
from protocol.dayfile import Written
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from protocol.messages.diary import Read
from protocol.stamp import Stamp
from tests.client.desk import Desk
from tests.client.fakes import ALICE, START
from tests.client.loopback import Loopback, closed_port, lend
from tests.client.network import arrives, lost

NOW = datetime.fromtimestamp(START / 1000, UTC)
READER = TimeReader(Stamp(START, 0), lambda at: 0 * at)
MOMENTS = st.datetimes(datetime(2026, 11, 18), datetime(2026, 11, 20))  # noqa: DTZ001 - both kinds
OFFSETS = st.integers(-18 * 60, 18 * 60).map(lambda each: timezone(timedelta(minutes=each)))


@pytest.fixture
def diary(desk: Desk) -> Diary:
    """An empty diary."""
    return Diary(desk.diary())


def texts(diary: Diary, **conditions: object) -> list[str]:
    """Give what is read under conditions."""
    return [entry.text for entry in diary.read(**conditions)]  # type: ignore[arg-type]


def test_what_is_written_is_read(diary: Diary) -> None:
    """The receipt names the entry; a text is taken as it is."""
    receipt = diary.write("yesterday: a text * @tag", star=True)
    assert (receipt.is_saved, receipt.reason) == (True, "")
    [entry] = diary.read()
    assert isinstance(entry, DiaryEntry)
    assert (entry.id, entry.stamp) == (receipt.id, receipt.stamp)
    assert (entry.text, entry.is_starred, entry.tags) == (
        "yesterday: a text * @tag",
        True,
        ("@tag",),
    )


def test_a_time_is_a_moment_a_wall_clock_or_words(desk: Desk, diary: Diary) -> None:
    """Nothing that is to come, and nothing that is no time."""
    desk.clock.offset = 480
    east = timezone(timedelta(hours=9))
    assert diary.write("a", at=datetime(2026, 1, 2, 3, 4, tzinfo=east)).stamp.off == 540
    walls = [
        diary.write("b", at=datetime(2026, 1, 2, 3, 4)).stamp.wall,  # noqa: DTZ001 - a wall clock
        diary.write("c", at="2026-01-02 03:04").stamp.wall,
    ]
    assert [str(each) for each in walls] == ["2026-01-02 03:04:00+08:00"] * 2
    for at in ("no such time" * 20, NOW + timedelta(days=1)):
        with pytest.raises(UsageError):
            diary.write("d", at=at)
    assert texts(diary) == ["a", "b", "c"]
    assert desk.outbox.waiting() == []


def test_what_cannot_be_sent_is_queued_and_says_so(desk: Desk, diary: Diary) -> None:
    """With its id; `deliver` sends it, and so does the closing of a diary that was answered."""
    desk.transport.there = lost
    receipt = diary.write("queued")
    assert not receipt.is_saved
    assert "no answer from" in receipt.reason
    diary.close()
    assert [entry.id for entry in desk.outbox.waiting()] == [receipt.id]
    desk.transport.there = arrives
    with Diary(desk.diary(2)) as later:
        assert later.deliver().sent == 1
        assert [entry.id for entry in later.read()] == [receipt.id]


def test_closing_sends_what_waits(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Unless nothing answered, or an exception is on its way; what goes wrong is logged."""
    desk.diary(5).outbox.release(desk.diary(5).compose("precious").id)
    with suppress(ZeroDivisionError), Diary(desk.diary(2)) as diary:
        list(diary.read())
        raise ZeroDivisionError
    Diary(desk.diary(3)).close()
    assert len(desk.outbox.waiting()) == 1
    with caplog.at_level(logging.WARNING, "diaryclient"), Diary(desk.diary(4)) as diary:
        list(diary.read())
        desk.server.refusals.append(ErrorCode.QUOTA)
    assert len(desk.outbox.waiting()) == 1
    assert "kept in the outbox" in caplog.text
    assert "precious" not in caplog.text
    with Diary(desk.diary(4)) as diary:
        list(diary.read())
    assert desk.texts() == ["precious"]


@pytest.mark.parametrize(
    ("code", "kind"), [(ErrorCode.REVOKED, TokenRevokedError), (ErrorCode.SCOPE, ScopeError)]
)
def test_a_refusal_is_raised_and_the_text_kept(
    desk: Desk, diary: Diary, code: ErrorCode, kind: type[DiaryError]
) -> None:
    """As the command line does; the message is the same."""
    desk.server.refusals.append(code)
    with pytest.raises(kind, match="is kept in the outbox"):
        diary.write("refused")
    with pytest.raises(TextTooLongError):
        diary.write("long" * 70_000)
    with pytest.raises(UsageError, match="the text is empty"):
        diary.write(" \n")
    assert [entry.text[:7] for entry in desk.outbox.entries()] == ["refused", "longlon"]


def test_conditions(diary: Diary) -> None:
    """Of one kind one is enough, different ones must all hold; one text needs no list."""
    diary.write("one @a", star=True)
    diary.write("two @b")
    diary.write("three @a @b")
    assert texts(diary, tags="a") == texts(diary, tags=["@A"]) == ["one @a", "three @a @b"]
    assert len(texts(diary, tags=("a", "b"))) == 3
    assert texts(diary, contains="T") == ["two @b", "three @a @b"]
    assert texts(diary, contains=["one", "two"], tags="b") == ["two @b"]
    assert texts(diary, starred=True) == ["one @a"]
    assert texts(diary, starred=False, tags="a") == ["three @a @b"]


def test_days_and_words(diary: Diary) -> None:
    """Both ends are included; a mistake is told at once, not when the first entry is wanted."""
    for age in range(5):
        diary.write(str(age), at=NOW - timedelta(days=age))
    assert texts(diary, since="yesterday") == ["1", "0"]
    assert texts(diary, since=NOW.date() - timedelta(days=3), until="前天") == ["3", "2"]
    assert texts(diary, since=NOW - timedelta(days=3, hours=1), until=NOW - timedelta(hours=1)) == [
        "3",
        "2",
        "1",
    ]
    month = f"{NOW:%Y-%m}"
    assert texts(diary, since=month, until=month) == texts(diary, since=f"{month}-01")
    with pytest.raises(UsageError, match="since: 05/03/2020 may be"):
        diary.read(since="05/03/2020")
    with pytest.raises(UsageError, match="since: there is no such day"):
        diary.read(since="2025-02-29")
    with pytest.raises(UsageError, match="is after until"):
        diary.read(since="today", until="yesterday")
    with pytest.raises(UsageError, match="tags: a tag is written @word"):
        diary.read(tags="!")


def test_words_are_searched_by_the_server(desk: Desk, diary: Diary) -> None:
    """All of them, in the span that is asked for."""
    for age in range(4):
        diary.write(f"Day {age} 今天", at=NOW - timedelta(days=age))
    assert [each.text for each in diary.search("今天 day", until="前天")] == [
        "Day 3 今天",
        "Day 2 今天",
    ]
    assert [each.text for each in diary.search("DAY", since=NOW - timedelta(hours=1))] == [
        "Day 0 今天"
    ]
    with pytest.raises(UsageError, match="no word"):
        diary.search(" ")
    assert not any(isinstance(request, Read) for _, request in desk.server.requests)


def test_an_edit_keeps_what_it_is_not_given(diary: Diary) -> None:
    """By the entry as it was read, or by the id of a receipt; the time stays."""
    receipt = diary.write("one", star=True)
    edited = diary.edit(receipt.id, "two")
    assert (edited.text, edited.is_starred, edited.stamp) == ("two", True, receipt.stamp)
    assert not diary.edit(edited, star=False).is_starred
    assert [(each.text, each.is_starred) for each in diary.read()] == [("two", False)]
    with pytest.raises(UsageError, match="give a text or a star"):
        diary.edit(edited)
    with pytest.raises(UsageError, match="the text is empty"):
        diary.edit(edited, " ")
    with pytest.raises(TextTooLongError):
        diary.edit(receipt.id, "long" * 70_000)


def test_an_edit_that_changes_nothing_writes_nothing(desk: Desk, diary: Diary) -> None:
    """Though it was asked for."""
    receipt = diary.write("one")
    before = dict(desk.server.files)
    assert diary.edit(receipt.id, "one", star=False).text == "one"
    assert desk.server.files == before


def test_what_another_device_changed_since_it_was_read_stays(desk: Desk, diary: Diary) -> None:
    """StaleError, for an edit and for a removal; the message has no text of the diary."""
    diary.write("one")
    [read] = diary.read()
    Diary(desk.diary(2)).edit(read, "theirs")
    with pytest.raises(StaleError, match="was changed since it was read") as told:
        diary.edit(read, "mine")
    with pytest.raises(StaleError):
        diary.remove(read)
    assert "theirs" not in str(told.value)
    assert texts(diary) == ["theirs"]


def test_a_removal_and_edits_are_taken_back_one_by_one(diary: Diary) -> None:
    """Until the entry is as it was written."""
    receipt = diary.write("one")
    [read] = diary.read()
    diary.edit(read, "two")
    diary.remove(receipt.id)
    assert texts(diary) == []
    with pytest.raises(NoSuchEntryError, match="is removed"):
        diary.edit(receipt.id, "three")
    assert diary.undo(read).text == "two"
    assert diary.undo(receipt.id).text == "one"
    with pytest.raises(NoSuchEntryError, match="nothing to take back"):
        diary.undo(read)
    with pytest.raises(NoSuchEntryError):
        diary.remove(EntryId.make(START, bytes(10)))


def test_whether_a_change_was_made_is_said(desk: Desk, diary: Diary) -> None:
    """Without an answer nobody knows; a lesser scope is told before anything is asked."""
    answers = iter([arrives, arrives])  # which days there are, and the day
    receipt = diary.write("one")

    def back(datagram: bytes) -> list[tuple[float, bytes]]:
        return next(answers, lost)(datagram)

    desk.transport.back = back
    with pytest.raises(UnreachableError, match="was amended is not known"):
        diary.edit(receipt.id, "two")
    desk.transport.back = arrives
    desk.logins.save(desk.diary().login._replace(scopes="read write"))
    asked = len(desk.server.requests)
    with pytest.raises(ScopeError, match="scope is read write"):
        Diary(desk.diary(2)).remove(receipt.id)
    assert len(desk.server.requests) == asked


def test_an_export_is_whole_or_absent(diary: Diary, tmp_path: Path) -> None:
    """All entries or those that are given, in the format of the name; nothing is replaced unasked.

    The command writes the same (`diaryclient.formats.files`).
    """
    for age in range(3):
        diary.write(f"Day {age}. @a", at=NOW - timedelta(days=age))
    folder = tmp_path / "exports"
    folder.mkdir()
    path = folder / "diary.md"
    assert diary.export(path) == 3
    assert path.read_text().count("@a") == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="exists already"):
        diary.export(path)
    assert diary.export(str(path), diary.search("day 1"), replace=True) == 1
    assert path.read_text().count("@a") == 1
    assert diary.export(folder / "tree", form="md-tree") == 3
    assert len(list((folder / "tree").rglob("*.md"))) == 3
    with pytest.raises(UsageError, match="there is no pdf"):
        diary.export(folder / "x", form="pdf")
    with pytest.raises(UsageError, match="there is no folder"):
        diary.export(folder / "nowhere" / "x")
    with pytest.raises(ExportError, match="nothing was written"):
        diary.export(folder / "twice", [*diary.read(), *diary.read()], form="md-tree")
    assert sorted(each.name for each in folder.iterdir()) == ["diary.md", "tree"]


@given(MOMENTS, OFFSETS, MOMENTS, st.none() | OFFSETS)
def test_a_moment_includes_what_was_written_at_it_or_after(
    written: datetime, zone: timezone, bound: datetime, bound_zone: timezone | None
) -> None:
    """With a zone moments are compared, without one what the clocks on the wall showed."""
    at = written.replace(tzinfo=zone)
    minutes = zone.utcoffset(None) // timedelta(minutes=1)
    stamp = Stamp(round(at.timestamp() * 1000), minutes)
    entry = DiaryEntry(Written(stamp, EntryId.make(START, bytes(10)), "text"), ALICE)
    limit = bound.replace(tzinfo=bound_zone)
    shown = stamp.wall if bound_zone else stamp.wall.replace(tzinfo=None)
    since, until = Span.of(limit, None, READER), Span.of(None, limit, READER)
    assert (since.first <= stamp.day and since.has(entry)) == (shown >= limit)
    assert (stamp.day <= until.last and until.has(entry)) == (shown <= limit)


def test_the_ends_of_the_calendar_are_bounds_too() -> None:
    """Of every kind, in every zone."""
    for zone in (None, UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))):
        for end in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)):
            limit = end.replace(tzinfo=zone)
            span = Span.of(limit, limit, READER)
            assert abs(date.fromisoformat(span.first).toordinal() - end.toordinal()) <= 1


@pytest.fixture
def at_home(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process live in the test's home."""
    for name in ("DIARY_TOKEN", "DIARY_SERVER", "DIARY_USER", "DIARY_PROFILE", "DIARY_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("at_home")
def test_connect_finds_the_login_that_the_commands_use(
    logged_in: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By arguments, by DIARY_TOKEN, by config.toml; in the zone that is set."""
    address = str(logged_in.address)
    for diary in (Diary.connect(), Diary.connect(address), Diary.connect(address, "alice")):
        with diary:
            assert diary.name == f"alice@{address}"
            assert diary.write("text", at="2026-01-02 12:00").is_saved
    with Diary.connect(timezone="Asia/Shanghai") as diary:
        assert diary.write("text", at="2026-01-02 12:00").stamp.off == 480
    with pytest.raises(NotLoggedInError, match="there is no login for bob@any server"):
        Diary.connect(user="bob")
    with pytest.raises(UsageError, match="there is no profile work"):
        Diary.connect(profile="work")
    monkeypatch.setenv("DIARY_TOKEN", lend(logged_in, scopes="write"))
    with Diary.connect() as diary:
        assert diary.write("by token").is_saved
        with pytest.raises(ScopeError):
            list(diary.read())
    assert len(logged_in.fake.contents) == 5


@pytest.mark.usefixtures("at_home")
def test_nobody_answers(monkeypatch: pytest.MonkeyPatch, loopback: Loopback) -> None:
    """A write is queued, a read raises."""
    loopback.address = closed_port()
    monkeypatch.setenv("DIARY_TOKEN", lend(loopback, scopes="full"))
    with Diary.connect() as diary:
        assert "nothing listens" in diary.write("text").reason
        with pytest.raises(UnreachableError):
            list(diary.read())


def test_the_names_of_the_package() -> None:
    """Each is there and is the one of its own module; no other is."""
    for name in diaryclient.__all__:
        assert getattr(diaryclient, name)
        home = getattr(client_errors, name, None) or getattr(shared_errors, name, None)
        assert home in {None, getattr(diaryclient, name)}
    with pytest.raises(AttributeError, match="has no attribute 'Dairy'"):
        diaryclient.Dairy  # type: ignore[attr-defined]  # noqa: B018 - it must not be there


def test_the_document_lists_every_error() -> None:
    """With the exit status that the command line gives it."""
    document = Path(__file__).parents[2] / "docs" / "PYTHON.md"
    rows = re.findall(r"^\| `(\w+Error)` \| (\d+) \|", document.read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == {n for n in diaryclient.__all__ if n.endswith("Error")}
    for name, status in rows:
        assert getattr(diaryclient, name).exit_status == int(status)
