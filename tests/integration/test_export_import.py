"""`export` and `import` against the real server: a diary moves, a terminal shows how far it is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from diaryclient.formats.data import entry_as_json
from tests.generated_diary import generate_diary
from tests.programs import Home, Server
from tests.terminals import Terminal

COUNT = 150


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diary of a year as jsonl."""
    path = tmp_path_factory.mktemp("source") / "diary.jsonl"
    lines = (json.dumps(entry_as_json(each)) + "\n" for each in generate_diary(COUNT, years=1))
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def owner(shared: Server, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Somebody whose diary has all of it."""
    home = Home(tmp_path_factory.mktemp("owner"))
    home.login(shared, "alice")
    done = home.client("import", "--yes", str(source))
    assert done.status == 0, done.err
    assert f"imported {COUNT} entries; alice@" in done.out
    return home


@pytest.fixture
def newcomer(shared: Server, tmp_path: Path) -> Iterator[Home]:
    """Somebody with an empty diary."""
    shared.add_user("bob")
    home = Home(tmp_path / "bob")
    home.login(shared, "bob")
    yield home
    shared.remove_user("bob")


def comparable(path: Path) -> list[dict[str, object]]:
    """Give the lines of an export without what belongs to the diary that it comes from."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if key not in {"author", "received_at"}}
        for line in lines
    ]


def test_a_diary_moves_to_another_user(
    shared: Server, owner: Home, newcomer: Home, source: Path, tmp_path: Path
) -> None:
    """Line for line, and the day files too but for when they were received."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert owner.speak("export", str(first)).status == 0
    assert comparable(first) == comparable(source)
    assert newcomer.speak("import", "--yes", str(first)).status == 0
    assert newcomer.speak("export", str(second)).status == 0
    assert comparable(second) == comparable(first)
    assert [file.name for file in shared.day_files("bob")] == [
        file.name for file in shared.day_files("alice")
    ]


def test_an_interrupted_import_goes_on(newcomer: Home, source: Path, tmp_path: Path) -> None:
    """With Ctrl-C at a terminal, whose bar has shown how far it was."""
    long = tmp_path / "long.jsonl"
    with long.open("w") as file:
        for each in generate_diary(3000, years=1, seed=8):
            file.write(json.dumps(entry_as_json(each)) + "\n")
    terminal = Terminal(newcomer, "import", str(long))
    terminal.sees("Import 3000 entries")
    terminal.type("y")
    terminal.sees_match(r"importing .*?( [1-9]\d?%)")
    terminal.interrupt()
    done = int(terminal.sees_match(r"interrupted; (\d+) of 3000 entries are in the diary"))
    assert terminal.wait() == 130
    assert 0 < done < 3000
    again = newcomer.client("import", "--yes", str(long))
    assert again.status == 0
    match = re.search(r"imported (\d+) entries, (\d+) known before; bob@", again.out)
    assert match
    assert int(match[1]) + int(match[2]) == 3000
    assert int(match[2]) >= done


def test_a_terminal_shows_a_bar_and_asks_before_it_replaces(owner: Home, tmp_path: Path) -> None:
    """No is the answer of whoever only presses Enter."""
    target = tmp_path / "diary.html"
    terminal = Terminal(owner, "export", str(target))
    terminal.sees("100%")
    terminal.sees(f"exported {COUNT} entries")
    assert terminal.wait() == 0
    before = target.read_bytes()
    terminal = Terminal(owner, "export", str(target))
    terminal.sees("Replace")
    terminal.type("")
    assert terminal.wait() == 130
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.glob("*diary*")] == ["diary.html"]
