"""The verdict bites: each broken promise, planted into what a cut may leave, is found."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from protocol.identifiers import EntryId
from tests.powercut.building import id_of, written
from tests.powercut.checking import check
from tests.powercut.exploring import Count, run_scenario, states
from tests.powercut.jobs import named
from tests.powercut.places import place_in_memory
from tests.powercut.worlds import Line, Lines, World, differences
from tests.server.store_contract import ALICE, TODAY

ONE: Final = id_of(1)
TWO: Final = id_of(2)
DAY: Final = Path("data/diaries/alice/2026-11-22.log")


def expected(*, is_sure: bool = True) -> Lines:
    """Two entries were written, the first one was acknowledged."""
    return {ONE: Line(b"one\n", is_sure=True), TWO: Line(b"two\n", is_sure=is_sure)}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([(ONE, b"one\n"), (TWO, b"two\n")], ""),
        ([(ONE, b"one\n")], "is lost"),
        ([(ONE, b"one\n"), (ONE, b"one\n"), (TWO, b"two\n")], "is there 2 times"),
        ([(ONE, b"on\n"), (TWO, b"two\n")], "is not what was written"),
        ([(TWO, b"two\n"), (ONE, b"one\n")], "in another order"),
        ([(ONE, b"one\n"), (TWO, b"two\n"), (id_of(3), b"three\n")], "to nobody"),
        ([(ONE, b"one\n"), (None, bytes(9)), (TWO, b"two\n")], "no record"),
    ],
)
def test_every_difference_is_said(found: list[tuple[EntryId | None, bytes]], words: str) -> None:
    """Lost, doubled, changed, exchanged, of nobody, torn."""
    said = differences(expected(), found)
    assert len(said) == bool(words)
    assert all(words in each for each in said)


def test_what_nobody_was_told_of_may_be_lost() -> None:
    """But it must not be there in part, nor twice."""
    known = expected(is_sure=False)
    assert differences(known, [(ONE, b"one\n")]) == []
    assert differences(known, [(ONE, b"one\n"), (TWO, b"two\n")]) == []
    assert differences(known, [(ONE, b"one\n"), (TWO, b"tw\n")]) != []


def test_a_world_changes_only_as_it_is_told() -> None:
    """Cleared lines are in the archive; what is sure stays sure."""
    key = ALICE, TODAY
    world = World().with_lines(key, expected().items())
    again = world.with_lines(key, [(ONE, Line(b"other\n", is_sure=False))])
    assert again.lines(key)[ONE] == Line(b"one\n", is_sure=True)
    cleared = world.cleared(key, id_of(9))
    assert cleared.lines(key) == {}
    assert cleared.generation(key) == 1
    assert cleared.archives[id_of(9)].lines == expected()
    assert cleared.knows(key, ONE)


def test_what_a_reader_was_shown_is_promised_until_a_hand_edits_it() -> None:
    """The generation too; a record that moved away with its file is stored there."""
    key = ALICE, TODAY
    shown = World().showing(key, 3, b"text")
    assert shown.has_generation(key, 3)
    assert not shown.has_generation(key, 2)
    assert shown.edited(key).shown == {}
    moved = World().with_lines(key, expected(is_sure=False).items()).moved(key)
    stored = moved.stored(key, TWO, Line(b"two\n", is_sure=True))
    assert stored.knows(key, TWO)
    assert not stored.lines(key)[TWO].is_sure
    assert stored.renamed[key][TWO].is_sure


def spoilt(name: str, spoil: Callable[[Path], None]) -> list[str]:
    """Check the last state of a scenario, after something was done to it."""
    with place_in_memory() as place:
        run = run_scenario(place, named(name))
        *_, left = states(run, "ordered", 1, Count())
        place.make(left.tree)
        spoil(place.root)
        return check(place.root, left.promises, run.scenario.observe)


def nothing(root: Path) -> None:
    """Leave it as it is."""


def lose_the_day(root: Path) -> None:
    """Remove the day's file, though it was acknowledged."""
    (root / DAY).unlink()


def change_a_byte(root: Path) -> None:
    """Let an entry say something else."""
    day = root / DAY
    day.write_bytes(day.read_bytes().replace(b"entry 1", b"entry 7"))


def double_the_day(root: Path) -> None:
    """Let everything be there twice."""
    day = root / DAY
    day.write_bytes(2 * day.read_bytes())


def add_a_stranger(root: Path) -> None:
    """Let an entry be there that nobody wrote."""
    with (root / DAY).open("ab") as file:
        file.write(b"2026-11-22T12:00:00.000+00:00 " + id_of(77).hex().encode() + b" + stray\n")


def read_it_elsewhere(root: Path) -> None:
    """Let a line stand before what a reader was shown."""
    day = root / DAY
    stray = b"2026-11-22T12:00:00.000+00:00 " + id_of(77).hex().encode() + b" + stray\n"
    day.write_bytes(stray + day.read_bytes())


def destroy_a_torn_end(root: Path) -> None:
    """Remove what was kept of it."""
    for path in (root / DAY).parent.glob("quarantine/*"):
        path.unlink()


def lose_a_key(root: Path) -> None:
    """Remove what everybody's login hangs on."""
    (root / "data" / "keys" / "master.1").unlink()


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("put", nothing, ""),
        ("put", lose_the_day, "is lost"),
        ("put", change_a_byte, "is not what was written"),
        ("put", double_the_day, "is there 2 times"),
        ("put", add_a_stranger, "to nobody"),
        ("torn end", destroy_a_torn_end, "torn end is destroyed"),
        ("revocation", nothing, ""),
        ("revocation", lose_a_key, "does not start"),
    ],
)
def test_a_planted_fault_is_found(
    explorer: ProcessPoolExecutor, name: str, spoil: Callable[[Path], None], words: str
) -> None:
    """In the diaries and beside them, by a real restart."""
    said = explorer.submit(spoilt, name, spoil).result()
    assert bool(said) == bool(words), said
    assert all(words in each for each in said[:1])


def test_a_place_that_is_another_one_is_found(explorer: ProcessPoolExecutor) -> None:
    """Beside the line that does not belong there."""
    said = explorer.submit(spoilt, "edited by hand", read_it_elsewhere).result()
    assert any("stands elsewhere now" in each for each in said)


def test_a_written_entry_is_the_same_each_time() -> None:
    """So that a scenario, and a state of it, can be met again."""
    assert written(5) == written(5)
    assert written(5) != written(6)
