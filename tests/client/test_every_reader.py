"""The removed stays removed: each command, format, the prompt and Python show a diary as it stands.

The diary has every kind of change: texts that were amended, some of them back again, removed, some
of them brought back. In it are texts that nobody may see.
"""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from diaryclient import Diary
from diaryclient.browsing.news import News
from diaryclient.browsing.watching import watch
from diaryclient.commands.group import _COMMANDS
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.formats.files import FORMS, TREE
from diaryclient.formats.printed import FORMATS
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Outbox
from diaryclient.interactive.synchronizer import Synchronizer
from protocol.identifiers import EntryId
from tests.client.loopback import Loopback, Run

SEEN: Final = ["visible first", "visible second", "visible third", "visible fourth"]
UNSEEN: Final = "gone"
"""Stands in every text that was removed, or is not that of its entry any more."""

READERS: Final = {
    "read": [["read"], ["read", "-n", "99"], ["read", "--contains", "@a"], ["read", "--reverse"]],
    "search": [["search", "@a"], ["search", "@a", "-n", "99"]],
    "on-this-day": [["on-this-day"], ["on-this-day", "--contains", "@a"]],
}
"""Commands that print all these entries in a format."""

TESTED_APART: Final = {"show", "random", "tags", "stats", "calendar", "export", "watch"}

OTHERS: Final = {
    *("login", "write", "edit", "rm", "undo", "history", "clear", "recover", "import", "outbox"),
    *(
        "plain",
        "token",
        "logout",
        "passwd",
        "account",
        "profile",
        "move",
        "whoami",
        "status",
        "ping",
    ),
    *("doctor", "completion"),
}
"""Commands that show no entry but the one that they change. `history` tells all texts that there
were, and `account` copies the files as they are, because they are asked to."""


class Device:
    """Another device of the same person."""

    def __init__(self, diary: OpenDiary) -> None:
        self._diary = diary

    def write(self, text: str) -> EntryId:
        """Write an entry."""
        return self._diary.put(self._diary.compose(text)).id

    def change(self, entry: EntryId, *changes: str) -> None:
        """Make changes: `-` removes, `^` takes back, all else is a new text."""
        for change in changes:
            history = self._diary.history(self._diary.today(), entry)
            assert history
            if change == "-":
                self._diary.remove(history)
            elif change == "^":
                self._diary.restore(history)
            else:
                self._diary.amend(history, change, star=False)

    def write_all(self) -> None:
        """Write entries whose visible texts are SEEN, and hidden ones."""
        for text, changes in (
            ("visible first @a", []),
            ("gone @a", ["visible second @a"]),
            ("visible third @a", ["gone @a", "gone again @a", "^", "^"]),
            ("gone @a", ["-"]),
            ("gone @a", ["gone again @a", "-"]),
            ("gone @a", ["visible fourth @a", "-", "^"]),
        ):
            self.change(self.write(text), *changes)


@pytest.fixture
def open_diary(logged_in: Loopback, state: Path) -> Iterator[Callable[[], OpenDiary]]:
    """Opens the diary of the served fake."""
    opened: list[OpenDiary] = []

    def open_one() -> OpenDiary:
        outbox = Outbox(state / f"outbox-{len(opened)}")
        opened.append(OpenDiary.open(logged_in.login, Logins(state / "logins"), outbox))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def device(open_diary: Callable[[], OpenDiary]) -> Device:
    """The other device, which has made every kind of change."""
    made = Device(open_diary())
    made.write_all()
    return made


def check(shown: str) -> None:
    """All that may be seen is there, once, and nothing else."""
    assert [shown.count(text) for text in SEEN] == [1] * len(SEEN), shown
    assert UNSEEN not in shown


def test_each_command_is_thought_of() -> None:
    """A new one is tested here, or says why not."""
    assert READERS.keys() | TESTED_APART | OTHERS == set(_COMMANDS)


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("form", FORMATS)
def test_each_reader_in_each_format(run: Run, form: str) -> None:
    """As the entries stand."""
    for words in [each for several in READERS.values() for each in several]:
        status, out, err = run(*words, "--format", form)
        assert (status, err) == (0, "")
        # In JSON the title stands beside the text that it is from.
        check(re.sub(r'"text": "[^"]*"', "", out))


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize("form", FORMS)
def test_each_export(run: Run, tmp_path: Path, form: str) -> None:
    """As the entries stand, whatever the format keeps of them."""
    target = tmp_path / "exported"
    status, _, err = run("export", "--format", form, str(target))
    assert (status, err) == (0, "")
    paths = list(target.rglob("*.md")) if form == TREE else [target]
    shown = "".join(path.read_text() for path in paths)
    assert all(text in shown for text in SEEN)
    assert UNSEEN not in shown


def test_the_rest_of_the_commands(run: Run, device: Device) -> None:
    """What counts counts what is there; what finds finds it, and nothing that was removed."""
    hidden = device.write("gone @b")
    device.change(hidden, "-")
    assert run("tags")[1] == f"{len(SEEN)} @a\n"
    assert f"{len(SEEN)} entries" in run("calendar")[1]
    assert '"entries": 4' in run("stats", "--json")[1]
    status, out, err = run("show", hidden.hex())
    assert (status, out) == (7, "")
    assert UNSEEN not in err
    for _ in range(20):
        assert UNSEEN not in run("random")[1]


@pytest.mark.usefixtures("device")
def test_piped_lines(run: Run) -> None:
    """-r in a pipe."""
    status, out, err = run(stdin=b"-r\n")
    assert (status, err) == (0, "")
    check(out)


@pytest.mark.usefixtures("device")
def test_python(open_diary: Callable[[], OpenDiary], tmp_path: Path) -> None:
    """What it reads, searches and exports."""
    diary = Diary(open_diary())
    check("\n".join(each.text for each in diary.read()))
    check("\n".join(each.text for each in diary.search("@a")))
    assert diary.export(tmp_path / "exported.txt") == len(SEEN)
    check((tmp_path / "exported.txt").read_text())


CHANGES: Final = [
    (("now",), "now"),
    (("-",), None),
    (("^",), "now"),
    (("gone", "now again"), "now again"),
    (("gone", "-"), None),
    (("^",), "gone"),
]
"""What is done to an entry between two looks, and its text then; None if it is hidden."""


def test_the_conversation(
    logged_in: Loopback, open_diary: Callable[[], OpenDiary], device: Device
) -> None:
    """At its beginning, by -r, and of what is changed meanwhile: what stands, and that it did."""
    sync = Synchronizer(open_diary, logged_in.clock)
    check("\n".join(sync.show()))
    entry = device.write("before")
    assert [said.split(" ", 2)[2] for said in sync.tick()] == ["before"]
    for changes, text in CHANGES:
        device.change(entry, *changes)
        last = sync.tick()[-1]
        assert last.endswith(f" {text}" if text else f"removed {entry.hex()[-5:]}")
        shown = "\n".join(sync.show())
        assert shown.count(text or "before") == (1 if text else 0)


def test_a_watch(open_diary: Callable[[], OpenDiary], device: Device) -> None:
    """The newest, and what is written and changed from then on."""
    looks = count()
    entry: list[EntryId] = []
    expected: list[str | None] = []

    def act(_: float) -> None:
        look = next(looks)
        if look == 0:
            entry.append(device.write("before"))
        elif look <= len(CHANGES):
            changes, text = CHANGES[look - 1]
            device.change(entry[0], *changes)
            expected.append(text)
        else:
            raise KeyboardInterrupt

    heard = list[News]()
    with pytest.raises(KeyboardInterrupt):
        heard.extend(watch(open_diary, 99, lambda _: None, act))
    begin, written, *changed = heard
    check("\n".join(each.text for each in begin.written.entries))
    assert [each.text for each in written.written.entries] == ["before"]
    assert [
        each.changes[-1].entry.text if each.changes[-1].entry else None for each in changed
    ] == expected
