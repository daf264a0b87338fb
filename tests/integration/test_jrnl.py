"""jrnl itself, installed in its own virtual environment, and this client read each other's diaries.

Part of `make test-system`, since it installs a program; `make test` has the same promises with
jrnl's rules written down, in tests/client/test_round_trip.py.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.jrnl import configure, install
from diaryclient.browsing.browsing import Page
from diaryclient.entries.entry import DiaryEntry
from diaryclient.formats.exported import EXPORTS
from diaryclient.formats.journal import Misreadings
from diaryclient.formats.pretty import Look
from diaryclient.importing.detection import read_source
from diaryclient.importing.finding import Draft, Oddity
from tests.generated_diary import generate_diary

ROOT = Path(__file__).parents[2]
COUNT = 2000
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


class Jrnl:
    """jrnl with a journal of its own."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._config = configure(folder)
        self.journal = folder / "journal.txt"

    def run(self, *words: str) -> str:
        """Run it to its end and give what it prints."""
        done = subprocess.run(
            [self._program, "--config-file", self._config, *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(self.journal.parent), "NO_COLOR": "1"},
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def entries(self) -> list[dict[str, Any]]:
        """Give all entries as it reads them."""
        printed: dict[str, Any] = json.loads(self.run("--format", "json"))
        return list(printed["entries"])


@pytest.fixture(scope="module")
def program() -> Path:
    """The newest jrnl, installed once."""
    return install(ROOT / "build" / "jrnl")


@pytest.fixture
def jrnl(program: Path, tmp_path: Path) -> Jrnl:
    """The program with an empty journal."""
    return Jrnl(program, tmp_path)


def export(entries: list[DiaryEntry]) -> str:
    """Give them as a journal."""
    return "".join(EXPORTS["jrnl"]([Page(entries)], Look()))


def drafts(path: Path) -> list[Draft]:
    """Read a source of which nothing is left out."""
    found = read_source(path, "auto")[1]
    assert [each for each in found if isinstance(each, Oddity) and each.is_skipped] == []
    return [each for each in found if isinstance(each, Draft)]


def is_readable(entry: DiaryEntry) -> bool:
    """Whether an export promises that jrnl reads it as it is."""
    misreadings = Misreadings()
    list(misreadings.counted([Page([entry])]))
    return not misreadings.told()


def plain(entry: DiaryEntry) -> tuple[str, str, bool, str]:
    """Give what a journal keeps of an entry."""
    wall = entry.stamp.wall
    return f"{wall:%Y-%m-%d}", f"{wall:%H:%M}", entry.is_starred, entry.text.strip()


def unquoted(text: str) -> str:
    """Take the backslash away that keeps a line from beginning an entry; only we know of it."""
    return "\n".join(line.removeprefix("\\") for line in text.split("\n"))


def test_jrnl_reads_our_journal_entry_for_entry(jrnl: Jrnl) -> None:
    """No text is torn apart or swallowed, whatever stands in it; tags are tags there."""
    entries = generate_diary(COUNT, trouble=0.1)
    jrnl.journal.write_text(export(entries))
    shown = jrnl.entries()
    assert len(shown) == COUNT
    by_minute = sorted(entries, key=lambda each: plain(each)[:2])
    for entry, seen in zip(by_minute, shown, strict=True):
        day, minute, starred, text = plain(entry)
        assert (seen["date"], seen["time"]) == (day, minute)
        if is_readable(entry):
            title, _, body = text.partition("\n")
            assert seen["starred"] == starred
            assert seen["title"] == title.rstrip()
            assert unquoted(seen["body"]) == body.strip()


@pytest.mark.parametrize("form", ["text", "json"])
def test_we_read_what_jrnl_wrote(jrnl: Jrnl, tmp_path: Path, form: str) -> None:
    """After jrnl has read our journal, written it anew, and added an entry of its own."""
    entries = [each for each in generate_diary(COUNT, trouble=0.1) if is_readable(each)]
    jrnl.journal.write_text(export(entries))
    jrnl.run("2026-11-21 at 10:00:", "Written", "by", "jrnl.", "It", "has", "a", "body.", "@tag")
    source = jrnl.journal
    if form == "json":
        source = tmp_path / "jrnl.json"
        source.write_text(jrnl.run("--format", "json"))
    read = drafts(source)
    assert len(read) == len(entries) + 1
    own = read[-1]
    assert (own.text, f"{own.when:%F %R}") == (
        "Written by jrnl.\nIt has a body. @tag",
        "2026-11-21 10:00",
    )
    for entry, draft in zip(sorted(entries, key=lambda each: plain(each)[:2]), read, strict=False):
        day, minute, starred, text = plain(entry)
        title, _, body = text.partition("\n")
        # jrnl drops blank lines between title and body.
        assert unquoted(draft.text) == f"{title.rstrip()}\n{body.strip()}".strip()
        assert (f"{draft.when:%F %R}", draft.starred) == (f"{day} {minute}", starred)


def test_jrnl_imports_our_journal(jrnl: Jrnl, tmp_path: Path) -> None:
    """By its own command, beside what it has."""
    jrnl.run("2020-01-01 10:00:", "Old.")
    path = tmp_path / "export.txt"
    path.write_text(export(generate_diary(20, trouble=0)))
    jrnl.run("--import", "--file", str(path))
    assert len(jrnl.entries()) == 21
