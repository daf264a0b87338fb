"""Which months are compressed, and that nothing keeps the others from it."""

import asyncio
import logging
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.engine import open_entries
from diaryserver.maintenance.pastmonths import QUIET_MILLISECONDS, PastMonths, first_day_kept
from diaryserver.service.work.threads import Workers
from diaryserver.store.files import FileEntryStore
from tests.server.fakes import NOON, FrozenClock
from tests.server.store_contract import ALICE, BOB, entry

A_DAY = 86_400_000
SOME_DAYS = (
    "2024-02-29",
    "2025-11-30",
    "2025-12-01",
    "2026-09-30",
    "2026-10-31",
    "2026-11-01",
    "2026-11-22",
)


@pytest.mark.parametrize(
    ("months", "kept"),
    [
        (1, "2026-11-01"),
        (2, "2026-10-01"),
        (11, "2026-01-01"),
        (12, "2025-12-01"),
        (24, "2024-12-01"),
        (0, "0001-01-01"),
        (10**6, "0001-01-01"),
    ],
)
def test_this_month_counts_among_those_that_are_kept(months: int, kept: str) -> None:
    """1 compresses every month but this one, 12 keeps a year of them, 0 keeps all."""
    assert first_day_kept(NOON, months) == kept


@given(st.integers(0, 253_402_300_799_999), st.integers(1, 1200))
def test_so_many_months_are_kept_whenever_it_is(now: int, months: int) -> None:
    """Counted one by one, back from this one."""
    day = datetime.fromtimestamp(now / 1000, UTC).date().replace(day=1)
    for _ in range(months - 1):
        day = date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)
    assert first_day_kept(now, months) == day.isoformat()


@pytest.fixture
def store(folder: Path) -> Iterator[FileEntryStore]:
    """Alice and bob wrote on some days, the last time long ago."""
    with open_entries(folder) as opened:
        for day in SOME_DAYS:
            at = int(datetime.fromisoformat(f"{day}T12:00:00Z").timestamp() * 1000)
            opened.append_batch([entry("x", user=user, at=at) for user in (ALICE, BOB)])
        for path in folder.rglob("*.log"):
            os.utime(path, (0, 0))
        yield opened


def look(store: FileEntryStore, months: int, now: int = NOON) -> None:
    """Look once for days to compress."""

    async def run() -> None:
        workers = Workers()
        past = PastMonths(store.compressor, workers, FrozenClock(now), months, rest=0)
        await past.look()
        workers.close()

    asyncio.run(run())


def compressed(folder: Path, user: str = "alice") -> list[str]:
    """Give the days of a user that are compressed."""
    return sorted(path.name[:10] for path in (folder / "diaries" / user).glob("*.log.gz"))


def test_past_months_are_compressed_for_everybody(store: FileEntryStore, folder: Path) -> None:
    """And nothing else; a second look finds nothing to do."""
    look(store, 2)
    assert compressed(folder) == compressed(folder, "bob") == list(SOME_DAYS[:4])
    look(store, 2)
    look(store, 1)
    assert compressed(folder) == list(SOME_DAYS[:5])


def test_by_default_nothing_is_compressed(store: FileEntryStore, folder: Path) -> None:
    """But what a crash left, when it was, is cleared away."""
    left = folder / "diaries/alice/.2024-02-29.log.gz.new"
    left.write_bytes(b"half")
    look(store, 0)
    assert compressed(folder) == []
    assert not left.exists()


def test_a_month_is_over_when_it_is_over_everywhere(store: FileEntryStore, folder: Path) -> None:
    """On the first of a month, by UTC, somebody may still write on the last of the one before."""
    december = NOON + 9 * A_DAY - QUIET_MILLISECONDS // 2
    look(store, 1, december + QUIET_MILLISECONDS - 1)
    assert "2026-11-22" not in compressed(folder)
    look(store, 1, december + QUIET_MILLISECONDS)
    assert "2026-11-22" in compressed(folder)


def test_who_writes_on_old_days_does_so_in_peace(store: FileEntryStore, folder: Path) -> None:
    """A day that was changed within the last day stays plain for now."""
    path = folder / "diaries/alice/2024-02-29.log"
    for ago, expected in ((QUIET_MILLISECONDS - 1, False), (QUIET_MILLISECONDS + 1, True)):
        changed = (NOON - ago) * 10**6
        os.utime(path, ns=(changed, changed))
        look(store, 1)
        assert ("2024-02-29" in compressed(folder)) == expected


def test_a_day_that_cannot_be_compressed_keeps_no_other_one_from_it(
    store: FileEntryStore, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, with the file and the reason and no text, and tried again later."""
    for day in SOME_DAYS[:2]:
        (folder / f"diaries/alice/.{day}.log.gz.new").mkdir()
    with caplog.at_level(logging.INFO):
        look(store, 1)
    assert compressed(folder) == list(SOME_DAYS[2:5])
    assert compressed(folder, "bob") == list(SOME_DAYS[:5])
    assert [record.getMessage() for record in caplog.records] == [
        "alice/2024-02-29 cannot be compressed: Is a directory",
        "compressed 3 days of alice",
        "compressed 5 days of bob",
    ]
