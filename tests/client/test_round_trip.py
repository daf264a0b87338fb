"""Out of one diary and into another: what comes back is what was there."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.browsing.browsing import Page, Query, browse
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.pretty import Look
from diaryclient.formats.tree import render_tree
from diaryclient.importing.delivery import Progress, deliver
from diaryclient.importing.detection import read_source
from diaryclient.importing.planning import plan_import
from protocol.dayfile import Written, format_record
from protocol.identifiers import Username
from protocol.messages.writing import MAX_TEXT_BYTES, MIN_MILLISECONDS
from protocol.stamp import Stamp
from tests.client.desk import Desk
from tests.client.fakes import START
from tests.generated_diary import generate_diary
from tests.protocol.strategies import any_text, entry_ids, offsets

ALICE = Username("alice")
STAMPS = st.builds(Stamp, st.integers(MIN_MILLISECONDS, START), offsets)
ENTRIES = st.builds(
    lambda stamp, entry_id, text, star: DiaryEntry(Written(stamp, entry_id, text, star), ALICE),
    STAMPS,
    entry_ids,
    any_text.filter(lambda text: 1 <= len(text.encode()) <= MAX_TEXT_BYTES),
    st.booleans(),
)


def fill(desk: Desk, entries: Iterable[DiaryEntry]) -> None:
    """Put entries into the files of a server."""
    files = desk.server.files
    for entry in entries:
        day = entry.stamp.day
        files[day] = files.get(day, b"") + format_record(entry.written)


def everything(desk: Desk) -> list[Written]:
    """Give all entries, as a diary shows them."""
    return [entry.written for page in browse(desk.diary(), Query()) for entry in page.entries]


def bring_in(desk: Desk, path: Path) -> Progress:
    """Import a file as the command does, in the zone of its clock."""
    form, found = read_source(path, "auto")
    plan = plan_import(found, desk.clock.local_offset, START)
    assert not plan.oddities, form
    so_far = Progress()
    with desk.diary(seed=3) as diary:
        deliver(diary, plan, so_far, lambda _: None)
    return so_far


def exported(desk: Desk, form: str) -> str:
    """Give the whole diary in a format."""
    return "".join(EXPORTS[form](browse(desk.diary(), Query()), Look()))


@pytest.mark.parametrize("form", ["jsonl", "json"])
@given(entries=st.lists(ENTRIES, max_size=8, unique_by=lambda each: each.id))
def test_an_export_into_an_empty_diary_gives_the_same_diary(
    tmp_path_factory: pytest.TempPathFactory, form: str, entries: list[DiaryEntry]
) -> None:
    """Ids, times to the millisecond, zones, stars, texts, and the order; twice adds nothing."""
    old, new = (Desk(tmp_path_factory.mktemp(name)) for name in ("old", "new"))
    fill(old, entries)
    path = tmp_path_factory.mktemp("export") / "diary"
    path.write_bytes(exported(old, form).encode())
    assert bring_in(new, path) == Progress(added=len(entries))
    assert everything(new) == everything(old)
    before = dict(new.server.files)
    assert bring_in(new, path) == Progress(known=len(entries))
    assert new.server.files == before


@pytest.fixture(scope="module")
def decade(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A diary of ten years; `python -m tests.generated_diary` makes larger ones."""
    desk = Desk(tmp_path_factory.mktemp("decade"))
    fill(desk, generate_diary(300))
    return desk


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_ten_years_come_back(decade: Desk, tmp_path: Path, form: str) -> None:
    """The generated diary has what diaries have."""
    path = tmp_path / "diary"
    path.write_bytes(exported(decade, form).encode())
    new = Desk(tmp_path)
    assert bring_in(new, path) == Progress(added=300)
    assert everything(new) == everything(decade)


def words(entry: Written) -> tuple[int, bool, str]:
    """Give what jrnl knows of an entry: the minute on the wall, the star, the text."""
    wall = entry.stamp.at + entry.stamp.off * 60_000
    return wall // 60_000, entry.starred, entry.text


@pytest.mark.parametrize("form", ["jrnl", "md"])
def test_ten_years_come_back_from_a_journal_or_a_document(tmp_path: Path, form: str) -> None:
    """To the minute of the wall clock, and without what jrnl cannot say."""
    old, new = Desk(tmp_path / "old"), Desk(tmp_path / "new")
    fill(old, generate_diary(300, trouble=0))
    path = tmp_path / "journal"
    path.write_bytes(exported(old, form).encode())
    assert bring_in(new, path) == Progress(added=300)
    assert sorted(map(words, everything(new))) == sorted(map(words, everything(old)))
    assert bring_in(new, path) == Progress(known=300)


def test_ten_years_come_back_from_a_tree(tmp_path: Path) -> None:
    """A file a day: each entry at its minute, to the letter."""
    old, new = Desk(tmp_path / "old"), Desk(tmp_path / "new")
    fill(old, generate_diary(200, trouble=0))
    for name, text in render_tree(browse(old.diary(), Query())):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert bring_in(new, tmp_path / "tree") == Progress(added=200)

    assert sorted(map(words, everything(new))) == sorted(map(words, everything(old)))


def test_entries_of_one_moment_keep_their_order(tmp_path: Path) -> None:
    """Even if the datagrams overtake each other."""
    entries = [
        DiaryEntry(Written(Stamp(START - 1, 0), entry.id, f"{number} {'x' * 200}"), ALICE)
        for number, entry in enumerate(generate_diary(30))
    ]
    old, new = Desk(tmp_path / "old"), Desk(tmp_path / "new")
    fill(old, entries)
    path = tmp_path / "diary.jsonl"
    path.write_bytes(exported(old, "jsonl").encode())
    delays = iter([0.3, 0.01] * 100)
    new.transport.there = lambda datagram: [(next(delays), datagram)]
    assert bring_in(new, path).added == 30
    assert everything(new) == everything(old)


@pytest.mark.system
@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", ["jsonl", "json", "jrnl", "md", "md-tree"])
def test_twenty_thousand_entries_come_back(tmp_path: Path, form: str) -> None:
    """Ten years at full length, through each format that can be imported; without a network."""
    entries = generate_diary(20_000, trouble=0.02 if form.startswith("json") else 0)
    # As a diary gives them: whoever flies west writes on the day before once more.
    entries.sort(key=lambda each: each.stamp.day)
    path = tmp_path / "diary"
    if form == "md-tree":
        for name, text in render_tree([Page(entries)]):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
    else:
        path.write_text("".join(EXPORTS[form]([Page(entries)], Look())))
    plan = plan_import(read_source(path, "auto")[1], lambda _: 0, START)
    assert (len(plan.rows), plan.oddities) == (20_000, [])
    if form.startswith("json"):
        assert [(row.id, row.at, row.off, row.text, row.star) for row in plan.rows] == [
            (each.id, each.stamp.at, each.stamp.off, each.text, each.is_starred)
            for each in sorted(entries, key=lambda each: each.stamp.at)
        ]
    else:
        assert sorted((row.at, row.star) for row in plan.rows) == sorted(
            (each.stamp.at + each.stamp.off * 60_000 - each.stamp.at % 60_000, each.is_starred)
            for each in entries
        )
