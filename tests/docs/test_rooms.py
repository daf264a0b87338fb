"""The floor plan: what each room says of itself is true, and unit tests lie where it says."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SIDES: Final = {"client": "diaryclient", "server": "diaryserver", "protocol": "protocol"}
ROW: Final = re.compile(r"^    (\w+)(?:  +\S|$)", re.MULTILINE)
LONGEST: Final = 300
ROOMS: Final = sorted(
    init.parent.relative_to(ROOT)
    for package in SIDES.values()
    for init in (ROOT / package).rglob("__init__.py")
    if init.parent != ROOT / "diaryclient/commands"  # there modules are the commands of their names
)


def modules_in(room: Path) -> set[str]:
    """Give the names of a room's modules and of the rooms in it."""
    modules = {path.stem for path in (ROOT / room).glob("*.py")}
    rooms = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
    return (modules | rooms) - {"__init__", "__main__"}


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_a_room_has_a_line_for_each_of_its_modules(room: Path) -> None:
    """So who looks for something reads a dozen lines, and finds none that is out of date."""
    text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))
    named = ROW.findall(text or "")
    assert sorted(named) == sorted(modules_in(room))


@pytest.mark.parametrize("side", SIDES)
def test_the_unit_tests_of_a_module_lie_in_its_room(side: str) -> None:
    """What is called `test_NAME.py` tests a module NAME of that room, or all of the room NAME."""
    package = ROOT / SIDES[side]
    rooms: dict[str, set[Path]] = {}
    for module in package.rglob("*.py"):
        rooms.setdefault(module.stem, set()).add(module.parent.relative_to(package))
    for test in sorted((ROOT / "tests" / side).rglob("test_*.py")):
        name = test.stem.removeprefix("test_")
        room = test.parent.relative_to(ROOT / "tests" / side)
        assert name not in rooms or name == room.name or room in rooms[name], test
        assert (package / room).is_dir(), test


def test_a_long_module_says_why_it_is_one() -> None:
    """In the first lines of its docstring, `Long, ...`: else it is to be split."""
    modules = [path for package in SIDES.values() for path in (ROOT / package).rglob("*.py")]
    for path in modules:
        text = path.read_text()
        if text.count("\n") > LONGEST:
            assert re.search(r"^Long, ", text[:400], re.MULTILINE), path


def test_the_map_names_places_that_exist() -> None:
    """In docs/ARCHITECTURE.md and CONTRIBUTING.md, whole or from a room on."""
    for name in ("docs/ARCHITECTURE.md", "CONTRIBUTING.md"):
        for mentioned in re.findall(r"`([\w/]+(?:/|\.py))`", (ROOT / name).read_text()):
            places = [ROOT / mentioned, *ROOT.glob(f"diary*/**/{mentioned}")]
            places += [*ROOT.glob(f"tests/**/{mentioned}"), *ROOT.glob(f"protocol/**/{mentioned}")]
            assert any(each.exists() for each in places), f"{name}: {mentioned}"
