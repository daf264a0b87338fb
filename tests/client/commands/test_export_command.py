"""`export` as it is typed: what it writes, what it refuses, and what is left when it fails."""

import json
import stat
from pathlib import Path

import pytest

from diaryclient.files.atomic_output import whole_file, whole_folder
from protocol.dayfile import format_record
from protocol.errors import ErrorCode
from tests.client.loopback import Loopback, Run
from tests.generated_diary import generate_diary

COUNT = 40


@pytest.fixture
def diary(logged_in: Loopback) -> Loopback:
    """A diary of two years."""
    files = logged_in.fake.files
    for entry in generate_diary(COUNT, years=2, trouble=0.1):
        files[entry.stamp.day] = files.get(entry.stamp.day, b"") + format_record(entry.written)
    return logged_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where exports go."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


def names(folder: Path) -> list[str]:
    """Give what lies in a folder."""
    return [path.name for path in folder.iterdir()]


def test_an_export_is_printed_or_written(run: Run, diary: Loopback, folder: Path) -> None:
    """Into a file that only its owner can read; only the file's name goes to standard output."""
    status, printed, err = run("export")
    assert (status, printed.count("\n"), err) == (0, COUNT, "")
    target = folder / "diary.jsonl"
    status, out, err = run("export", str(target))
    assert (status, out, err) == (0, f"exported {COUNT} entries to {target}\n", "")
    assert target.read_text() == printed
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names(folder) == ["diary.jsonl"]


@pytest.mark.parametrize(
    ("name", "words", "begins"),
    [
        ("a.json", [], '{\n  "tags"'),
        ("a.md", [], "# 20"),
        ("a.txt", [], "[20"),
        ("a.txt", ["--format", "jrnl"], "[20"),
        ("a.jsonl", ["--format", "json"], '{\n  "tags"'),
        ("a", [], '{"title"'),
    ],
)
def test_the_name_or_the_option_says_the_format(
    run: Run, diary: Loopback, folder: Path, name: str, words: list[str], begins: str
) -> None:
    """The option is stronger; without either it is jsonl."""
    assert run("export", *words, str(folder / name))[0] == 0
    assert (folder / name).read_text().startswith(begins)


def test_options_select_as_those_of_read(run: Run, diary: Loopback) -> None:
    """The same entries, in the same order."""
    for words in (
        ["--tagged", "@work"],
        ["--from", "2026-01-01", "--not", "--starred"],
        ["--to", "2025-12-31", "--contains", "the"],
    ):
        exported = run("export", *words)[1]
        assert exported == run("read", *words, "--format", "jsonl")[1]
        assert 0 < exported.count("\n") < COUNT


def test_a_tree_has_a_file_for_each_day(run: Run, diary: Loopback, folder: Path) -> None:
    """Below a folder for each year."""
    assert run("export", "--format", "md-tree", str(folder / "tree"))[0] == 0
    found = sorted(path.stem for path in (folder / "tree").glob("20??/*.md"))
    assert found == sorted(diary.fake.files)
    status, _, err = run("export", "--format", "md-tree", str(folder / "tree"))
    assert status == 2
    assert "exists already" in err


def test_an_existing_file_is_replaced_only_by_force(
    run: Run, diary: Loopback, folder: Path
) -> None:
    """Without a terminal nobody can be asked."""
    target = folder / "diary.jsonl"
    target.write_text("precious")
    status, out, err = run("export", str(target))
    assert (status, out) == (2, "")
    assert "--force" in err
    assert target.read_text() == "precious"
    assert run("export", "--force", str(target))[0] == 0
    assert target.read_text().count("\n") == COUNT


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{}/none/diary.md"], "there is no folder"),
        (["{}"], "is no file"),
        (["--format", "md-tree"], "name it"),
        (["--format", "md-tree", "{}/none/diary"], "there is no folder"),
        (["--on", "2026-01-01", "--to", "2026-01-02"], "--on stands alone"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(
    run: Run, diary: Loopback, folder: Path, words: list[str], message: str
) -> None:
    """One line, and the status for wrong usage."""
    status, out, err = run("export", *(word.format(folder) for word in words))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert names(folder) == []


def test_a_failure_leaves_the_old_file_and_nothing_else(
    run: Run, diary: Loopback, folder: Path
) -> None:
    """Half of an export is worse than none."""
    target = folder / "diary.jsonl"
    target.write_text("precious")

    def fail() -> None:
        diary.fake.refusals.append(ErrorCode.EXPIRED)

    diary.fake.before_read = fail
    for words in (["--force", str(target)], ["--format", "md-tree", str(folder / "tree")]):
        assert run("export", *words)[0] == 3
    assert names(folder) == ["diary.jsonl"]
    assert target.read_text() == "precious"


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C may come at any moment."""

    def write_half() -> None:
        with whole_file(tmp_path / "a") as file:
            file.write("half")
            raise KeyboardInterrupt

    def fill_half() -> None:
        with whole_folder(tmp_path / "b") as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    for interrupted in (write_half, fill_half):
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    assert names(tmp_path) == []


def test_what_jrnl_will_misread_is_told(run: Run, logged_in: Loopback, folder: Path) -> None:
    """By the ids of the entries, so that they can be looked at."""
    run("write", "-q", "--no-parse", "A list *")
    run("write", "-q", "--no-parse", "beep \x07")
    status, _, err = run("export", "--format", "jrnl", str(folder / "journal.txt"))
    assert status == 0
    assert [line.split(" (")[0] for line in err.splitlines()] == ["diaryclient: 1 entry"] * 2
    assert "takes for the star" in err
    assert "control characters" in err


def test_an_empty_diary_makes_an_empty_export(run: Run, logged_in: Loopback, folder: Path) -> None:
    """An empty search is no error; a script finds the file that it waits for."""
    status, out, _ = run("export", str(folder / "diary.json"))
    assert (status, out) == (0, f"exported 0 entries to {folder / 'diary.json'}\n")
    assert json.loads((folder / "diary.json").read_text()) == {"tags": {}, "entries": []}
