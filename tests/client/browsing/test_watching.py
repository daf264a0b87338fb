"""Following a diary over a network in memory: no gap and no double, whatever happens."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.asking.polling import LONGEST_PAUSE, POLL_SECONDS
from diaryclient.browsing.watching import Watcher, watch
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.histories import Deed
from diaryclient.errors import UnreachableError
from protocol.errors import ErrorCode, TokenRevokedError
from protocol.identifiers import EntryId
from protocol.messages.diary import DayRow
from tests.client.desk import EVER, Desk
from tests.client.loopback import Loopback, Run
from tests.client.network import arrives, lost

DAY = 86_400_000


class Scene:
    """A watcher, and another device that writes."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(folder)
        self.diary = self.desk.diary(1)
        self.other = self.desk.diary(2)
        self.watcher = Watcher()
        self.given: list[str] = []
        self.told: list[str] = []
        self.written: list[str] = []
        self.knows = dict[EntryId, str]()
        self.changes = 0
        self._now = self.desk.clock.wall

    def write(self, age: int = 0) -> None:
        """Write on a day that is so old."""
        text = f"entry {len(self.written)}"
        self.desk.clock.wall = self._now - age * DAY
        self.other.put(self.other.compose(text))
        self.desk.clock.wall = self._now
        self.written.append(text)

    def begin(self, newest: int = 0) -> None:
        """Start to watch."""
        for page in self.watcher.begin(self.diary, newest):
            self.given += [entry.text for entry in page.entries]

    def poll(self) -> None:
        """Look once."""
        for news in self.watcher.poll(self.diary):
            self.given += [entry.text for entry in news.written.entries]
            for change in news.changes:
                if change.deed is Deed.REMOVED:
                    self.knows.pop(change.id, None)
                elif change.entry:
                    self.knows[change.id] = change.entry.text
            self.knows |= {entry.id: entry.text for entry in news.written.entries}
            self.told += [f"{each.deed} {each.id.hex()}" for each in news.changes]

    def failing_poll(self, answers: int) -> None:
        """Look once, through a network that dies after so many answers."""
        left = iter(range(answers))

        def back(datagram: bytes) -> list[tuple[float, bytes]]:
            return lost(datagram) if next(left, None) is None else arrives(datagram)

        self.desk.transport.back = back
        try:
            self.poll()
        except UnreachableError:
            pass
        finally:
            self.desk.transport.back = arrives

    def change(self, number: int, deed: str) -> None:
        """Let the other device change one of the entries, if it can be changed so."""
        found = list(self.other.newest_histories(*EVER))
        if not found:
            return
        history = found[number % len(found)]
        if deed == "restored":
            if history.has_changes:
                self.other.restore(history)
        elif not history.is_removed:
            if deed == "removed":
                self.other.remove(history)
            else:
                self.changes += 1
                self.other.amend(history, f"change {self.changes}", star=False)

    def row(self, age: int) -> DayRow | None:
        """Give a day of that age, as listed."""
        rows = list(self.other.days(*EVER))
        return rows[-1 - age] if age < len(rows) else None

    def clear_and_recover(self, age: int) -> None:
        """Clear a day and bring it back."""
        row = self.row(age)
        if row:
            self.other.clear(row)
            *_, back = [each for each in self.other.archives() if each.day == row.day]
            self.other.recover(back)


ACTIONS: st.SearchStrategy[Callable[[Scene], None]] = st.one_of(
    st.integers(0, 3).map(lambda age: lambda scene: scene.write(age)),
    st.just(Scene.poll),
    st.integers(0, 5).map(lambda answers: lambda scene: scene.failing_poll(answers)),
    st.just(lambda scene: scene.desk.server.tail.forget()),
)


@given(st.lists(ACTIONS, max_size=6), st.lists(ACTIONS, max_size=15), st.integers(0, 4))
def test_every_entry_is_given_once(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[Callable[[Scene], None]],
    during: list[Callable[[Scene], None]],
    newest: int,
) -> None:
    """The newest of before, then all that are written, over lost answers and restarts."""
    scene = Scene(tmp_path_factory.mktemp("scene"))
    scene.begin()
    for act in before:
        act(scene)
    old = scene.desk.texts()
    scene.watcher, scene.given = Watcher(), []
    scene.begin(newest)
    expected = old[-newest:] if newest else []
    assert scene.given == expected
    for act in during:
        act(scene)
    scene.poll()
    assert sorted(scene.given) == sorted(expected + scene.written[len(old) :])


CHANGES: st.SearchStrategy[Callable[[Scene], None]] = st.builds(
    lambda number, deed: lambda scene: scene.change(number, deed),
    st.integers(0, 9),
    st.sampled_from(["amended", "removed", "restored"]),
)


@given(st.lists(ACTIONS | CHANGES, max_size=6), st.lists(ACTIONS | CHANGES, max_size=20))
def test_who_watches_knows_every_entry_as_it_stands(
    tmp_path_factory: pytest.TempPathFactory,
    before: list[Callable[[Scene], None]],
    during: list[Callable[[Scene], None]],
) -> None:
    """What was there, what is told and given: together that is the diary, nothing removed in it."""
    scene = Scene(tmp_path_factory.mktemp("scene"))
    scene.begin()
    for act in before:
        act(scene)
    scene.watcher = Watcher()
    scene.begin()
    scene.knows = scene.desk.standing()
    for act in during:
        act(scene)
    scene.poll()
    assert scene.knows == scene.desk.standing()


@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.booleans(), max_size=6))
def test_a_day_that_comes_back_gives_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory, ages: list[int], polls: list[bool]
) -> None:
    """Its entries were given before."""
    scene = Scene(tmp_path_factory.mktemp("scene"))
    scene.begin()
    for age in ages:
        scene.write(age)
    scene.poll()
    for age, looks in enumerate(polls):
        scene.clear_and_recover(age % 4)
        if looks:
            scene.poll()
    scene.write()
    scene.poll()
    assert sorted(scene.given) == sorted(scene.written)


def test_an_entry_is_given_as_it_stands_and_later_changes_are_told(tmp_path: Path) -> None:
    """What was amended or removed between two looks is not told besides."""
    scene = Scene(tmp_path)
    scene.begin()
    scene.write()
    scene.write()
    first, second = scene.other.newest_histories(*EVER)
    first = scene.other.amend(first, "amended", star=False)
    scene.other.remove(second)
    scene.poll()
    assert (scene.given, scene.told) == (["amended"], [])
    first = scene.other.amend(first, "amended again", star=False)
    scene.other.restore(scene.other.remove(first))
    scene.poll()
    assert scene.given == ["amended"]
    told = [f"{deed} {first.id.hex()}" for deed in ("amended", "removed", "restored")]
    assert scene.told == told
    scene.clear_and_recover(0)
    scene.poll()
    assert (scene.given, scene.told) == (["amended"], told)


@given(st.lists(st.integers(0, 5), max_size=6))
def test_every_change_is_told_once(
    tmp_path_factory: pytest.TempPathFactory, answers: list[int]
) -> None:
    """Of an entry from before the watch too, over answers that get lost."""
    scene = Scene(tmp_path_factory.mktemp("scene"))
    scene.write()
    scene.begin()
    [history] = scene.other.newest_histories(*EVER)
    for number, received in enumerate(answers):
        history = scene.other.amend(history, f"text {number}", star=False)
        scene.failing_poll(received)
    scene.poll()
    assert scene.given == []
    assert scene.told == [f"amended {history.id.hex()}"] * len(answers)


def test_a_cleared_day_begins_anew(tmp_path: Path) -> None:
    """Whether the server remembers it or not."""
    scene = Scene(tmp_path)
    scene.begin()
    for forgets in (False, True):
        scene.write()
        scene.poll()
        row = scene.row(0)
        assert row
        scene.other.clear(row)
        if forgets:
            scene.desk.server.tail.forget()
        scene.poll()
        scene.write()
        scene.poll()
    assert scene.given == scene.written


def test_a_day_that_is_cleared_while_it_is_read_is_left_for_the_next_look(tmp_path: Path) -> None:
    """What is written to it then is given."""
    scene = Scene(tmp_path)
    scene.begin()
    scene.write()
    row = scene.row(0)
    assert row

    def clear() -> None:
        scene.desk.server.before_read = lambda: None
        scene.desk.server.generations[row.day] = 1
        scene.desk.server.files[row.day] = b""

    scene.desk.server.before_read = clear
    scene.poll()
    assert scene.given == []
    scene.write()
    scene.poll()
    assert scene.given == ["entry 1"]


class Loop:
    """`watch` with pauses in which a test does something; they are counted in seconds."""

    def __init__(self, scene: Scene, during: list[Callable[[], None]]) -> None:
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.opened = 0
        self._scene = scene
        self._during = iter(during)

    def open(self) -> OpenDiary:
        """Open the diary as a new look-up does."""
        self.opened += 1
        return self._scene.desk.diary(self.opened + 10)

    def sleep(self, seconds: float) -> None:
        """Let a test act; then Ctrl-C."""
        self.pauses.append(seconds)
        act = next(self._during, None)
        if act is None:
            raise KeyboardInterrupt
        act()

    def run(self) -> Iterator[str]:
        """Give texts until then."""
        try:
            for page in watch(self.open, 0, self.told.append, self.sleep):
                yield from (entry.text for entry in page.written.entries)
        except KeyboardInterrupt:
            return


def test_a_server_that_goes_away_is_told_once_and_missed_nothing(tmp_path: Path) -> None:
    """Ever longer pauses, a new look-up for each attempt, and a word when it is back."""
    scene = Scene(tmp_path)

    def go_away() -> None:
        scene.write()
        scene.desk.transport.back = lost

    def come_back() -> None:
        scene.desk.transport.back = arrives
        scene.desk.server.tail.forget()
        scene.write()

    nothing = [lambda: None] * 4
    loop = Loop(scene, [scene.write, go_away, *nothing, come_back, lambda: None])
    assert list(loop.run()) == scene.written
    away, back = loop.told
    assert away.startswith("no answer from diary.test:8888")
    assert away.endswith("; trying again until it answers")
    assert back == "diary.test:8888 answers again"
    assert loop.pauses == [
        *(POLL_SECONDS, POLL_SECONDS, POLL_SECONDS, 4.0, 8.0),
        *(LONGEST_PAUSE, LONGEST_PAUSE, POLL_SECONDS, POLL_SECONDS),
    ]
    assert loop.opened == 6


def test_what_no_patience_mends_ends_the_watch(tmp_path: Path) -> None:
    """Such as a login that was revoked; and a server that is not there at the beginning."""
    scene = Scene(tmp_path)
    revoke = lambda: scene.desk.server.refusals.append(ErrorCode.REVOKED)  # noqa: E731
    with pytest.raises(TokenRevokedError):
        list(Loop(scene, [revoke]).run())
    scene.desk.transport.back = lost
    with pytest.raises(UnreachableError):
        list(Loop(scene, []).run())


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    """It has not said no."""
    scene = Scene(tmp_path)
    busy = lambda: scene.desk.server.refusals.extend([ErrorCode.BUSY] * 9)  # noqa: E731
    loop = Loop(scene, [busy, scene.desk.server.refusals.clear, scene.write])
    assert list(islice(loop.run(), 1)) == scene.written
    assert len(loop.told) == 2


def test_a_watch_has_no_end(run: Run, logged_in: Loopback) -> None:
    """So it is no JSON object: exit 2."""
    status, out, err = run("watch", "--format", "json")
    assert (status, out) == (2, "")
    assert "jsonl" in err
    assert logged_in.fake.requests == []
