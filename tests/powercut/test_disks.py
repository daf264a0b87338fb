"""What the models of a power cut promise: nothing that was synced is lost, all else may be."""

import random
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.powercut.disks import Disk
from tests.powercut.events import (
    ROOT,
    Event,
    Made,
    Removed,
    Renamed,
    Resized,
    Synced,
    Tree,
    Wrote,
)
from tests.powercut.files import PAGE
from tests.powercut.loose import SECTOR, LooseDisk
from tests.powercut.ordered import OrderedDisk

MODELS: Final = (OrderedDisk, LooseDisk)
EMPTY: Final = Tree({}, {ROOT: {}})


class Plain:
    """A file system without a power cut, for comparison."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self.folders: dict[int, dict[str, int]] = {ROOT: {}}

    def apply(self, event: Event) -> None:
        """Let something happen."""
        match event:
            case Made(folder, name, node, is_folder):
                self.folders[folder][name] = node
                (self.folders if is_folder else self.files)[node] = {} if is_folder else b""  # type: ignore[assignment]
            case Wrote(node, offset, data):
                old = self.files[node].ljust(offset, b"\0")
                self.files[node] = old[:offset] + data + old[offset + len(data) :]
            case Resized(node, size):
                self.files[node] = self.files[node][:size].ljust(size, b"\0")
            case Renamed(folder, name, new_folder, new_name):
                self.folders[new_folder][new_name] = self.folders[folder].pop(name)
            case Removed(folder, name):
                del self.folders[folder][name]
            case _:
                pass

    def paths(self) -> dict[str, bytes]:
        """Give the files by path."""
        return paths(Tree(self.files, self.folders))


def paths(tree: Tree, folder: int = ROOT, prefix: str = "") -> dict[str, bytes]:
    """Give the files of a tree by path, and folders with a slash behind."""
    found: dict[str, bytes] = {}
    for name, node in tree.folders[folder].items():
        if node in tree.folders:
            found[f"{prefix}{name}/"] = b""
            found |= paths(tree, node, f"{prefix}{name}/")
        else:
            found[prefix + name] = tree.files[node]
    return found


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """Give what programs may do: names that exist are used, none is made twice."""
    plain = Plain()
    events: list[Event] = []
    for number in range(1, draw(st.integers(1, 14))):
        folders = list(plain.folders)
        named = [(folder, name) for folder in folders for name in plain.folders[folder]]
        files = [place for place in named if plain.folders[place[0]][place[1]] in plain.files]
        kinds = [
            "make",
            "make",
            *(["write", "write", "cut", "move", "remove", "sync"] * bool(files)),
        ]
        kind = draw(st.sampled_from([*kinds, "folder", "sync folder", "sync all"]))
        folder, name = draw(st.sampled_from(files)) if files else (ROOT, "")
        node = plain.folders[folder].get(name, 0)
        event: Event
        match kind:
            case "make" | "folder":
                into = draw(st.sampled_from(folders))
                event = Made(into, f"n{number}", number, is_folder=kind == "folder")
            case "write":
                size = draw(st.sampled_from([1, 600, PAGE, PAGE + 100]))
                offset = draw(st.sampled_from([0, len(plain.files[node])]))
                event = Wrote(node, offset, bytes([number]) * size)
            case "cut":
                event = Resized(node, draw(st.integers(0, len(plain.files[node]))))
            case "move":
                event = Renamed(folder, name, draw(st.sampled_from(folders)), f"m{number}")
            case "remove":
                event = Removed(folder, name)
            case "sync":
                event = Synced(node, draw(st.booleans()), draw(st.booleans()), "")
            case "sync folder":
                event = Synced(
                    draw(st.sampled_from(folders)), data_only=False, failed=False, site=""
                )
            case _:
                event = Synced(None, data_only=False, failed=False, site="")
        plain.apply(event)
        events.append(event)
    return events


def after(model: type[Disk], events: list[Event], tree: Tree = EMPTY) -> Disk:
    """Let a life happen."""
    disk = model(tree)
    for event in events:
        disk.apply(event)
    return disk


def left(disk: Disk, seed: int = 1) -> Iterator[dict[str, bytes]]:
    """Give what a cut may leave, by path."""
    for tree in disk.states(random.Random(seed)):
        yield paths(tree)


@pytest.mark.parametrize("model", MODELS)
@given(events=lives())
def test_all_of_it_may_be_left(model: type[Disk], events: list[Event]) -> None:
    """A cut may come when the disk had time for everything."""
    plain = Plain()
    for event in events:
        plain.apply(event)
    assert plain.paths() in list(left(after(model, events)))


@pytest.mark.parametrize("model", MODELS)
@given(events=lives())
def test_what_was_synced_as_a_whole_is_all_that_is_left(
    model: type[Disk], events: list[Event]
) -> None:
    """Unless a sync failed before: what that dropped may be lost for ever."""
    plain = Plain()
    events = [each for each in events if not (isinstance(each, Synced) and each.failed)]
    for event in events:
        plain.apply(event)
    disk = after(model, [*events, Synced(None, data_only=False, failed=False, site="")])
    assert all(state == plain.paths() for state in left(disk))


@given(events=lives())
def test_ordered_names_are_those_of_some_moment(events: list[Event]) -> None:
    """A journal's end is lost, and nothing out of its middle."""
    plain, moments = Plain(), [set[str]()]
    for event in events:
        plain.apply(event)
        moments.append(set(plain.paths()))
    for state in left(after(OrderedDisk, events)):
        assert set(state) in moments


@given(events=lives())
def test_a_life_is_lost_only_behind_its_last_whole_sync(events: list[Event]) -> None:
    """Whatever is left is what was synced, with changes that came later."""
    whole = Synced(None, data_only=False, failed=False, site="")
    for model in MODELS:
        disk = after(model, [*events, whole])
        sure = next(left(disk))
        disk.apply(Made(ROOT, "late", 99, is_folder=False))
        disk.apply(Wrote(99, 0, b"late"))
        for state in left(disk):
            late = state.pop("late", None)
            assert late in {None, b"", b"late", bytes(4)}
            assert all(name in state for name in sure)


def write_synced(*, failed: bool) -> list[Event]:
    """Make a file durable, then append a page to it, and sync."""
    return [
        Made(ROOT, "file", 1, is_folder=False),
        Wrote(1, 0, b"a" * PAGE),
        Synced(None, data_only=False, failed=False, site=""),
        Wrote(1, PAGE, b"b" * PAGE),
        Synced(1, data_only=True, failed=failed, site=""),
    ]


@pytest.mark.parametrize("model", MODELS)
def test_a_sync_that_failed_is_not_made_good_by_another(model: type[Disk]) -> None:
    """Its pages are clean, a second sync says yes, and zeros are what a restart reads."""
    disk = after(model, write_synced(failed=True))
    disk.apply(Synced(None, data_only=False, failed=False, site=""))
    states = {state["file"] for state in left(disk)}
    assert {b"a" * PAGE + bytes(PAGE), b"a" * PAGE + b"b" * PAGE} <= states
    assert all(len(state) == 2 * PAGE for state in states)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_written_again_is_synced_again(model: type[Disk]) -> None:
    """Only that makes the kernel try once more."""
    disk = after(model, write_synced(failed=True))
    disk.apply(Wrote(1, PAGE, b"b" * PAGE))
    disk.apply(Synced(1, data_only=True, failed=False, site=""))
    assert {state["file"] for state in left(disk)} == {b"a" * PAGE + b"b" * PAGE}


def test_unsynced_bytes_are_absent_whole_partial_or_zeros() -> None:
    """As ext4 and xfs leave a file that grew by two pages, page by page."""
    disk = after(OrderedDisk, write_synced(failed=False)[:3])
    disk.apply(Wrote(1, PAGE, b"b" * PAGE + b"c" * PAGE))
    states = {state["file"][PAGE:] for seed in range(9) for state in left(disk, seed)}
    assert {b"", b"b" * PAGE, b"b" * PAGE + b"c" * PAGE, bytes(2 * PAGE)} <= states
    assert {b"b" * PAGE + bytes(PAGE), bytes(PAGE) + b"c" * PAGE} & states


def test_a_new_size_is_never_ahead_of_the_journal() -> None:
    """A file that grew after a name changed shows it only where the name shows the change."""
    disk = after(OrderedDisk, write_synced(failed=False))
    disk.apply(Renamed(ROOT, "file", ROOT, "moved"))
    disk.apply(Wrote(1, 2 * PAGE, b"c"))
    for state in left(disk):
        assert "moved" in state or len(state["file"]) == 2 * PAGE
    loose = after(LooseDisk, write_synced(failed=False))
    loose.apply(Renamed(ROOT, "file", ROOT, "moved"))
    loose.apply(Wrote(1, 2 * PAGE, b"c"))
    assert any(len(state.get("file", b"")) > 2 * PAGE for state in left(loose))


def test_a_sync_of_a_longer_file_commits_every_name_before_it() -> None:
    """A journal commit does, on ordered metadata; POSIX promises no such thing."""
    events = [Made(ROOT, "other", 2, is_folder=False), *write_synced(failed=False)[3:]]
    for model, keeps in ((OrderedDisk, True), (LooseDisk, False)):
        disk = after(model, [*write_synced(failed=False)[:3], *events])
        assert all("other" in state for state in left(disk)) is keeps


def test_a_sync_that_changes_no_size_commits_no_name() -> None:
    """What was overwritten in place needs no journal."""
    disk = after(OrderedDisk, write_synced(failed=False))
    disk.apply(Made(ROOT, "other", 2, is_folder=False))
    disk.apply(Wrote(1, 0, b"z"))
    disk.apply(Synced(1, data_only=False, failed=False, site=""))
    states = list(left(disk))
    assert {"other" in state for state in states} == {True, False}
    assert all(state["file"].startswith(b"z") for state in states)


def test_what_was_cut_off_never_comes_back() -> None:
    """A file cut and prolonged again shows zeros or the new bytes, once the cut is durable."""
    for model in MODELS:
        disk = after(model, write_synced(failed=False))
        disk.apply(Resized(1, SECTOR))
        disk.apply(Wrote(1, SECTOR, b"n" * SECTOR))
        for state in left(disk):
            size, tail = len(state["file"]), state["file"][SECTOR : 2 * SECTOR]
            assert size == 2 * PAGE or tail in {b"", bytes(SECTOR), b"n" * SECTOR}


def test_a_name_is_set_free_before_it_is_given_again() -> None:
    """A file that was moved away is not lost because another one was made where it had been."""
    disk = after(LooseDisk, write_synced(failed=False))
    disk.apply(Renamed(ROOT, "file", ROOT, "moved"))
    disk.apply(Made(ROOT, "file", 2, is_folder=False))
    states = list(left(disk))
    assert all(b"a" * PAGE + b"b" * PAGE in state.values() for state in states)
    assert {frozenset(state) for state in states} >= {
        frozenset({"file"}),
        frozenset({"moved"}),
        frozenset({"file", "moved"}),
    }


def test_just_what_a_sync_keeps_is_lost_without_it() -> None:
    """Of bytes and of names; what nobody synced in either is there."""
    kept, lost = LooseDisk(EMPTY), LooseDisk(EMPTY)
    story: list[tuple[Event, bool]] = [
        (Wrote(1, 0, b"x"), True),
        (Removed(ROOT, "other"), True),
        (Synced(1, data_only=False, failed=False, site=""), False),
        (Synced(ROOT, data_only=False, failed=False, site=""), False),
        (Wrote(1, PAGE, b"y"), True),
        (Made(ROOT, "new", 7, is_folder=False), True),
    ]
    for disk in (kept, lost):
        for before in [*write_synced(failed=False), Made(ROOT, "other", 6, is_folder=False)]:
            disk.apply(before)
        disk.apply(Synced(None, data_only=False, failed=False, site=""))
    for event, is_in_both in story:
        kept.apply(event)
        if is_in_both:
            lost.apply(event)
    left = paths(lost.without(kept))
    assert set(left) == {"file", "other", "new"}
    assert left["file"] == b"a" * PAGE + b"y" + b"b" * (PAGE - 1)
    assert paths(kept.now())["file"][:1] == b"x"
