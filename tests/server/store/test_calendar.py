"""Days, midnights and clocks that jump: where an entry goes, whatever a clock says."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest

from diaryserver.engine import open_entries
from diaryserver.service.ports.entries import new_entry
from protocol.dayfile import Written, parse_day_file
from protocol.errors import ErrorCode
from protocol.identifiers import Day, EntryId, Username
from protocol.messages.base import Refusal
from protocol.messages.writing import Put, Stored
from tests.server.fakes import NOON, new_id, stamp
from tests.server.store_contract import Diaries, again, fresh, open_files
from tests.server.world import World, code_of

HOUR: Final = 3_600_000
MIDNIGHT: Final = NOON + 12 * HOUR
CROWD: Final = 2_000
BATCH: Final = 256
SPARE_DESCRIPTORS: Final = 16
"""More than the store needs for one batch, and far fewer than it has users."""


@pytest.fixture
def diaries(folder: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(open_files, folder) as opened:
        yield opened


def moment(wall: str) -> tuple[int, int]:
    """Give ms since the epoch, and the zone, of a moment as a day file has it."""
    parsed = datetime.fromisoformat(wall)
    offset = parsed.utcoffset()
    assert offset is not None
    return round(parsed.timestamp() * 1000), round(offset.total_seconds() / 60)


@pytest.mark.parametrize(
    "walls",
    [
        pytest.param(
            ["2026-03-29T01:59:59.999+01:00", "2026-03-29T03:00:00.000+02:00"], id="Berlin, spring"
        ),
        pytest.param(
            [
                "2026-10-25T02:30:00.000+02:00",
                "2026-10-25T02:59:59.999+02:00",
                "2026-10-25T02:00:00.000+01:00",
                "2026-10-25T02:30:00.000+01:00",
            ],
            id="Berlin, autumn: an hour twice",
        ),
        pytest.param(
            ["2026-03-28T23:59:59.999+02:00", "2026-03-29T01:00:00.000+03:00"],
            id="Beirut, spring: a day begins at one",
        ),
        pytest.param(
            [
                "2026-10-24T23:30:00.000+03:00",
                "2026-10-24T23:59:59.999+03:00",
                "2026-10-24T23:00:00.000+02:00",
                "2026-10-24T23:59:59.999+02:00",
                "2026-10-25T00:00:00.000+02:00",
            ],
            id="Beirut, autumn: the last hour of a day twice",
        ),
        pytest.param(
            ["2026-10-03T23:59:59.999+10:30", "2026-10-04T02:30:00.000+11:00"], id="half an hour"
        ),
        pytest.param(
            ["2011-12-29T23:59:59.999-10:00", "2011-12-31T00:00:00.000+14:00"],
            id="Samoa left a day out",
        ),
        pytest.param(
            ["2028-02-28T23:59:59.999-12:00", "2028-02-29T00:00:00.000-12:00"], id="leap, west"
        ),
        pytest.param(
            ["2028-02-29T23:59:59.999+14:00", "2028-03-01T00:00:00.000+14:00"], id="leap, east"
        ),
        pytest.param(
            ["2000-02-29T12:00:00.000+00:00", "1900-02-28T23:59:59.999+00:00"], id="centuries"
        ),
        pytest.param(
            ["1900-02-28T23:59:59.999+00:00", "1900-03-01T00:00:00.000+00:00"], id="1900: no leap"
        ),
    ],
)
def test_an_entry_goes_where_its_writers_wall_clock_says(
    diaries: Diaries, folder: Path, walls: list[str]
) -> None:
    """And stands there with the very time and zone, though the same hour may come twice."""
    ids: dict[str, EntryId] = {}
    for wall in walls:
        at, off = moment(wall)
        ids[wall] = new_id()
        assert diaries.put(wall, ids[wall], at=at, off=off) == fresh(wall[:10])
    for wall, entry_id in ids.items():
        at, off = moment(wall)
        assert diaries.put(wall, entry_id, at=at, off=off) == again(wall[:10])
    for day in {wall[:10] for wall in walls}:
        lines = (folder / "diaries" / "alice" / f"{day}.log").read_text().splitlines()
        written = [wall for wall in walls if wall.startswith(day)]
        assert [line.split(" ")[0] for line in lines] == written
        assert all(isinstance(record, Written) for record in diaries.records(Day(day)))


@contextmanager
def few_descriptors(more: int) -> Iterator[None]:
    """Let this process have `more` files open than it has now, and no others."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1 + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_two_thousand_people_write_across_midnight(folder: Path) -> None:
    """Each has one entry in each of the two days, with a handful of open files."""
    users = [Username(f"user-{number}") for number in range(CROWD)]
    appends = [
        new_entry(user, new_id(), stamp(at), "text", starred=False, received=MIDNIGHT)
        for at in (MIDNIGHT - 1, MIDNIGHT)
        for user in users
    ]
    with open_entries(folder) as store, few_descriptors(SPARE_DESCRIPTORS):
        for start in range(0, len(appends), BATCH):
            batch = appends[start : start + BATCH]
            outcomes = store.append_batch(batch)
            assert outcomes == [fresh(append.stamp.day) for append in batch]
            assert store.append_batch(batch[:1]) == [again(batch[0].stamp.day)]
    for append in appends:
        path = folder / "diaries" / append.user / f"{append.stamp.day}.log"
        [record] = parse_day_file(path.read_bytes())
        assert isinstance(record, Written)
        assert record.id == append.id


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_servers_clock_that_jumps_spoils_nothing(world: World, jump: int) -> None:
    """Clients are told the server's time, signed; what was stored stays as it is."""
    device = world.device()
    true, rid = world.clock.now(), new_id()
    assert device.put("before", rid) == Stored(Day("2026-11-22"), dup=False)
    world.clock.wall += jump
    late = new_id()
    refused = device.ask(Put(true, 0, "meanwhile"), late, skew=-jump)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.time) == (ErrorCode.BADTIME, true + jump)
    # A client that signs by the server's time is heard, and bound to that time's future.
    answer = device.ask(Put(true, 0, "meanwhile"), late)
    assert code_of(answer) == ("INVALID" if jump < 0 else "OK")
    assert code_of(device.ask(Put(true + jump, 0, "corrected"))) == "OK"
    world.clock.wall -= jump
    assert device.put("before", rid) == Stored(Day("2026-11-22"), dup=True)
    again_later = device.ask(Put(true, 0, "meanwhile"), late)
    assert again_later == Stored(Day("2026-11-22"), dup=jump > 0)
