"""`export` as it is typed: what it writes, what it refuses, and what is left when it fails."""

import json
import re
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


def test_an_unknown_end_of_a_name_is_refused_with_the_list(
    run: Run, diary: Loopback, folder: Path
) -> None:
    """A .docx with JSON in it opens nowhere; who means it names the format."""
    for name in ("diary.docx", "diary.jsonl.gz", "2026.11"):
        status, _, err = run("export", str(folder / name))
        assert (status, err.count("\n")) == (2, 1)
        assert "known are .jsonl, .json, .md, .txt, .jrnl, .html; or name the format" in err
    assert names(folder) == []
    assert run("export", "--format", "txt", str(folder / "diary.docx"))[0] == 0
    assert run("export", str(folder / "DIARY.HTML"))[0] == 0


def test_a_link_is_followed_and_not_replaced(run: Run, diary: Loopback, folder: Path) -> None:
    """To a file that is there, to one that is not yet, and to an empty folder."""
    (folder / "real").mkdir()
    (folder / "real" / "old.jsonl").write_text("precious")
    (folder / "tree").mkdir()
    targets = {"old": "real/old.jsonl", "new": "real/new.jsonl", "days": "tree"}
    for name, target in targets.items():
        (folder / name).symlink_to(target)
    assert run("export", str(folder / "old"))[0] == 2
    assert (folder / "real" / "old.jsonl").read_text() == "precious"
    assert run("export", "--force", str(folder / "old"))[0] == 0
    assert run("export", str(folder / "new"))[0] == 0
    assert run("export", "--format", "md-tree", str(folder / "days"))[0] == 0
    for name, target in targets.items():
        assert (folder / name).is_symlink()
        assert not (folder / target).is_symlink()
    for name in ("old", "new"):
        assert (folder / "real" / f"{name}.jsonl").read_text().count("\n") == COUNT
    assert list((folder / "tree").glob("20??/*.md"))
    assert sorted(names(folder / "real")) == ["new.jsonl", "old.jsonl"]


def test_a_link_that_can_lead_to_no_file_is_refused(
    run: Run, diary: Loopback, folder: Path
) -> None:
    """Into a folder that there is not, to a folder, or in a circle."""
    (folder / "away").symlink_to("none/diary.jsonl")
    (folder / "circle").symlink_to("circle")
    (folder / "folder").symlink_to(".")
    for name, words in (
        ("away", "that there is not"),
        ("circle", "no file"),
        ("folder", "no file"),
    ):
        status, _, err = run("export", str(folder / name))
        assert (status, err.count("\n")) == (2, 1)
        assert words in err


def test_a_page_may_have_the_newest_first(run: Run, diary: Loopback, folder: Path) -> None:
    """And no other format, since an import wants the oldest first."""
    target = folder / "diary.html"
    assert run("export", str(target))[0] == 0
    oldest = re.findall(r'<article id="([^"]*)"', target.read_text())
    assert run("export", "--reverse", "--force", str(target))[0] == 0
    newest = target.read_text()
    assert re.findall(r'<article id="([^"]*)"', newest) == oldest[::-1]
    days = sorted(diary.fake.files)
    assert f"{COUNT} entries, {days[0]} to {days[-1]}" in newest
    assert run("export", "--reverse", str(folder / "diary.md"))[0] == 2
