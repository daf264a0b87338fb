"""What every entry store promises of days that were cleared, and of their return."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from protocol.errors import InvalidRequestError, NotFoundError, StaleError
from protocol.identifiers import Day
from protocol.messages.archive import ArchiveRow
from tests.server.fakes import NOON, new_id
from tests.server.store_contract import (
    ALICE,
    BOB,
    STORES,
    TODAY,
    Diaries,
    amending,
    refused,
    removing,
)

YESTERDAY = Day("2026-11-21")
A_DAY = 86_400_000


@pytest.fixture(params=sorted(STORES))
def diaries(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(STORES[request.param], tmp_path / "data") as opened:
        yield opened


def archives(diaries: Diaries, limit: int = 8) -> list[ArchiveRow]:
    """List everything, page by page."""
    rows: list[ArchiveRow] = []
    while True:
        page = diaries.store.list_archives(ALICE, rows[-1].name if rows else "", limit)
        assert len(page.rows) <= limit
        rows += page.rows
        if not page.more:
            return rows
        assert page.rows


def recover(diaries: Diaries, row: ArchiveRow) -> int:
    """Bring one back."""
    return diaries.store.recover(ALICE, row.day, row.generation, row.name)


def test_nothing_was_cleared(diaries: Diaries) -> None:
    """Also where there is no diary."""
    assert archives(diaries) == []
    diaries.put()
    assert archives(diaries) == []


def test_a_cleared_day_is_listed_and_comes_back(diaries: Diaries) -> None:
    """With all that became of its entries, durably; its archive stays."""
    kept, removed, rid = new_id(), new_id(), new_id()
    diaries.put("first", kept)
    diaries.put("gone", removed)
    diaries.change(amending(kept, "second"))
    diaries.change(removing(removed))
    before = diaries.records(TODAY)
    name = diaries.clear(TODAY, rid)
    row = ArchiveRow(name, TODAY, 1, rid.milliseconds, entries=2, absent=2)
    assert archives(diaries) == [row]
    assert recover(diaries, row) == 2
    assert diaries.records(TODAY) == before
    diaries.reopen()
    assert diaries.shown(TODAY) == ["second"]
    assert [(each.name, each.absent) for each in archives(diaries)] == [(name, 0)]


def test_a_repetition_adds_nothing(diaries: Diaries) -> None:
    """And gives the same answer."""
    diaries.put("one")
    diaries.clear(TODAY)
    [row] = archives(diaries)
    assert recover(diaries, row) == recover(diaries, row) == 1
    assert diaries.texts(TODAY) == ["one"]


def test_what_was_written_meanwhile_stays(diaries: Diaries) -> None:
    """The day has both."""
    diaries.put("one")
    diaries.clear(TODAY)
    diaries.put("two")
    [row] = archives(diaries)
    assert recover(diaries, row) == 1
    assert sorted(diaries.texts(TODAY)) == ["one", "two"]
    diaries.put("three")
    assert sorted(diaries.texts(TODAY)) == ["one", "three", "two"]


def test_a_request_that_comes_late_brings_nothing_back(diaries: Diaries) -> None:
    """The day was cleared again since it was listed."""
    diaries.put("one")
    diaries.clear(TODAY)
    [row] = archives(diaries)
    recover(diaries, row)
    diaries.clear(TODAY)
    assert refused(lambda: recover(diaries, row)) is StaleError
    assert diaries.rows() == []
    assert [each.absent for each in archives(diaries)] == [1, 1]


def test_only_an_archive_of_the_day_comes_back(diaries: Diaries) -> None:
    """No other name, nor another user's."""
    diaries.put("one")
    name = diaries.clear(TODAY)
    for day, wrong in ((TODAY, "../x"), (TODAY, name[:-1]), (YESTERDAY, name)):
        generation = 1 if day == TODAY else 0
        call = partial(diaries.store.recover, ALICE, day, generation, wrong)
        assert refused(call) is NotFoundError
    assert refused(lambda: diaries.store.recover(BOB, TODAY, 0, name)) is NotFoundError
    assert diaries.store.list_archives(BOB, "", 8).rows == ()
    diaries.put("bob's", user=BOB)
    assert refused(lambda: diaries.store.recover(BOB, TODAY, 1, name)) is StaleError
    assert refused(lambda: diaries.store.recover(BOB, TODAY, 0, name)) is NotFoundError


@pytest.mark.parametrize("limit", [1, 2, 8])
def test_many_are_listed_page_by_page(diaries: Diaries, limit: int) -> None:
    """By day, then in the order of clearing, also the tenth and the second of a day."""
    expected: list[str] = []
    for _ in range(11):
        diaries.put("today")
        expected.append(diaries.clear(TODAY))
    diaries.put("yesterday", at=NOON - A_DAY)
    expected.insert(0, diaries.clear(YESTERDAY))
    rows = archives(diaries, limit)
    assert [row.name for row in rows] == expected
    assert {row.day: row.generation for row in rows} == {YESTERDAY: 1, TODAY: 11}


def test_a_name_that_was_never_given_is_no_place_to_go_on(diaries: Diaries) -> None:
    """It is refused."""
    diaries.put("one")
    diaries.clear(TODAY)
    for name in ("?", "../../etc", "2026-11-22.0.00.log"):
        call = partial(diaries.store.list_archives, ALICE, name, 8)
        assert refused(call) is InvalidRequestError
