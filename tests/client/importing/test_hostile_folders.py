"""Folders that somebody else made: links, pipes, devices, depth, and what changes meanwhile."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diaryclient.errors import SourceError
from diaryclient.importing import source, tree
from diaryclient.importing.detection import read_source
from diaryclient.importing.file_names import is_dated
from diaryclient.importing.finding import Draft, Finding, Oddity
from diaryclient.importing.tree import Leaf, opened_tree
from tests.client.loopback import Loopback, Run

OUT = "is a link that leads out of the folder"
NOWHERE = "is a link that leads nowhere: "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of a day, and beside it a secret that none of its files is."""
    made = tmp_path / "in"
    made.mkdir()
    (made / "2022-01-01.md").write_text("an entry")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "2022-02-02.md").write_text("SECRET")
    return made


def read(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Give the texts that were found, and what was left out, by place."""
    _, found = read_source(folder, "auto")
    return (
        {each.place: each.text for each in found if isinstance(each, Draft)},
        {each.place: each.words for each in found if isinstance(each, Oddity) and each.is_skipped},
    )


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("2022-02-02.md", "../out/2022-02-02.md"),
        ("2022-02-02.md", "../../{root}/out/2022-02-02.md"),
        ("2022-02-02.md", "{root}/out/2022-02-02.md"),
        ("2022-02-02.md", "{root}/in/../out/2022-02-02.md"),
        ("2022-02-02.md", "./.././out/2022-02-02.md"),
        ("2022-02-02.md", "/proc/self/environ"),
        ("2022-02-02.md", "{root}/inside/2022-02-02.md"),
        ("archive", "../out"),
        ("archive", "{root}/out"),
        ("archive", ".."),
        ("archive", "/"),
    ],
)
def test_a_link_that_leads_out_is_skipped_and_named(
    run: Run, logged_in: Loopback, folder: Path, name: str, target: str
) -> None:
    """Of a file or of a folder; nothing of what is there is sent, and the status says so."""
    (folder / name).symlink_to(target.format(root=folder.parent))
    status, _, err = run("import", "--yes", str(folder))
    assert status == 1
    assert err.splitlines() == [
        f"diaryclient: {name} {OUT}",
        "diaryclient: left out, as listed: 1 entry",
    ]
    assert b"SECRET" not in b"".join(logged_in.fake.files.values())
    assert len(logged_in.fake.files) == 1


def test_a_link_by_another_link_leads_out_too(folder: Path) -> None:
    """Each is followed by hand, so none is missed."""
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to("../..")
    (folder / "2022-02-02.md").symlink_to("sub/up/out/2022-02-02.md")
    texts, skipped = read(folder)
    assert texts == {"2022-01-01.md": "an entry"}
    assert skipped == {"2022-02-02.md": OUT, "sub/up": OUT}


@pytest.mark.parametrize("is_absolute", [True, False])
def test_links_within_are_followed_once(folder: Path, is_absolute: bool) -> None:
    """What has a name of its own keeps it; what has none, or no day in it, gets the link's."""
    root = f"{folder}/" if is_absolute else ""
    (folder / ".hidden" / "deep").mkdir(parents=True)
    (folder / ".hidden" / "2021-01-01.md").write_text("hidden")
    (folder / ".hidden" / "deep" / "2021-01-02.md").write_text("deep")
    (folder / "notes.md").write_text("notes")
    (folder / "archive").symlink_to(f"{root}.hidden")
    (folder / "again").symlink_to(f"{root}archive/deep")
    (folder / "2021-03-03.md").symlink_to(f"{root}notes.md")
    (folder / "2021-04-04.md").symlink_to(f"{root}notes.md")
    (folder / "2023-01-01.md").symlink_to(f"{root}2022-01-01.md")
    texts, skipped = read(folder)
    assert skipped == {}
    assert texts == {
        "2022-01-01.md": "an entry",
        "2021-03-03.md": "notes",
        "archive/2021-01-01.md": "hidden",
        "again/2021-01-02.md": "deep",
    }


def test_a_folder_beside_is_named_and_one_inside_is_read(
    run: Run, logged_in: Loopback, folder: Path
) -> None:
    """A year that lies elsewhere is no year that is silently missing."""
    (folder / "elsewhere").symlink_to("../out")
    (folder / ".years").mkdir()
    (folder / ".years" / "2020-01-01.md").write_text("old year")
    (folder / "archive").symlink_to(".years")
    status, out, err = run("import", "--dry-run", str(folder))
    assert status == 1
    assert out.startswith("folder: 2 entries, from 2020-01-01 to 2022-01-01")
    assert f"elsewhere {OUT}" in err
    assert logged_in.fake.files == {}


def test_a_circle_of_links_ends(folder: Path) -> None:
    """Of folders, of names, and of a link to itself or to nothing."""
    (folder / "sub").mkdir()
    (folder / "sub" / "2021-05-05.md").write_text("once")
    (folder / "sub" / "up").symlink_to("..")
    (folder / "here").symlink_to(".")
    (folder / "self.md").symlink_to("self.md")
    (folder / "a.md").symlink_to("b.md")
    (folder / "b.md").symlink_to("a.md")
    (folder / "gone.md").symlink_to("nothing.md")
    (folder / "through.md").symlink_to("2022-01-01.md/x")
    texts, skipped = read(folder)
    assert texts == {"2022-01-01.md": "an entry", "sub/2021-05-05.md": "once"}
    assert skipped == {
        "a.md": f"{NOWHERE}Too many levels of symbolic links",
        "b.md": f"{NOWHERE}Too many levels of symbolic links",
        "self.md": f"{NOWHERE}Too many levels of symbolic links",
        "gone.md": f"{NOWHERE}No such file or directory",
        "through.md": f"{NOWHERE}Not a directory",
    }


def test_hard_links_are_files_of_their_own(folder: Path) -> None:
    """Their names are two days; that they share their bytes is the disk's affair."""
    os.link(folder / "2022-01-01.md", folder / "2022-01-02.md")
    assert set(read(folder)[0]) == {"2022-01-01.md", "2022-01-02.md"}


def test_a_folder_may_be_named_by_a_link(folder: Path) -> None:
    """Who types it means it; and absolute links that lead below either name are within."""
    link = folder.parent / "link"
    link.symlink_to(folder)
    (folder / ".x.md").write_text("x")
    (folder / "2021-01-01.md").symlink_to(link / ".x.md")
    (folder / "2021-01-02.md").symlink_to(folder.resolve() / ".x.md")
    texts, skipped = read(link)
    assert (set(texts.values()), skipped) == ({"an entry", "x"}, {})


def test_pipes_devices_and_sockets_are_named(folder: Path) -> None:
    """And nobody waits for them; one behind a link within is no file either."""
    os.mkfifo(folder / "2022-03-03.md")
    os.mkfifo(folder / ".pipe")
    (folder / "2022-04-04.md").symlink_to(".pipe")
    assert read(folder)[1] == {"2022-03-03.md": "is no file", "2022-04-04.md": "is no file"}


def test_a_folder_that_cannot_be_looked_into_is_named(folder: Path) -> None:
    """Also one that lies too deep."""
    deep = folder.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "2022-05-05.md").write_text("deep")
    texts, skipped = read(folder)
    assert set(texts) == {"2022-01-01.md"}
    assert skipped == {"/".join(["d"] * 33): "lies deeper than 32 folders"}


def test_a_file_without_an_end_is_named(folder: Path) -> None:
    """It is not read: its size says enough."""
    with (folder / "2022-06-06.md").open("wb") as file:
        file.truncate(1 << 40)
    assert read(folder)[1] == {"2022-06-06.md": "is too long, or not UTF-8"}


def test_names_that_are_no_text_are_escaped(run: Run, logged_in: Loopback, folder: Path) -> None:
    """Bytes that are no UTF-8, line ends, and what moves the cursor."""
    (folder / os.fsdecode(b"2022-01-02 \xff\x1b[2J\n.md")).write_text("odd name")
    (folder / os.fsdecode(b"\xff\x1b\n.md")).write_text("no day")
    status, out, err = run("import", "--yes", str(folder))
    assert status == 1
    assert out.startswith("folder: 2 entries")
    assert err.splitlines()[0] == r"diaryclient: \udcff\x1b\x0a.md is not named by a day"


def test_too_many_names_or_links_end_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any file was read."""
    monkeypatch.setattr(tree, "MAX_NAMES", 30)
    for number in range(30):
        (folder / f".{number}").touch()
    with pytest.raises(SourceError, match=r"in: it holds more than 30 files; import it in parts;"):
        read_source(folder, "auto")
    monkeypatch.setattr(tree, "MAX_NAMES", 100)
    monkeypatch.setattr(tree, "MAX_STEPS", 100)
    (folder / "x.md").symlink_to("/".join([".hidden", ".."] * 60))
    (folder / ".hidden").mkdir()
    with pytest.raises(SourceError, match="links lead too far"):
        read_source(folder, "auto")


def test_all_files_together_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is small enough, and all of them are not."""
    for number in range(1, 10):
        (folder / f"2022-03-0{number}.md").write_text("x" * 300)
    monkeypatch.setattr("diaryclient.importing.folder.MAX_BYTES", 2000)
    with pytest.raises(SourceError, match="MiB; import it in parts"):
        read_source(folder, "auto")
    monkeypatch.setattr("diaryclient.importing.folder.MAX_BYTES", 3000)
    assert len(read(folder)[0]) == 10


def swap_file(folder: Path) -> None:
    """Put a link where a file was."""
    (folder / "2022-01-01.md").unlink()
    (folder / "2022-01-01.md").symlink_to("../out/2022-02-02.md")


def swap_folder(folder: Path) -> None:
    """Put a link where a folder was."""
    shutil.rmtree(folder / "sub")
    (folder / "sub").symlink_to("../out")


def swap_pipe(folder: Path) -> None:
    """Put a pipe where a file was."""
    (folder / "2022-01-01.md").unlink()
    os.mkfifo(folder / "2022-01-01.md")


@pytest.mark.parametrize("swap", [swap_file, swap_folder, swap_pipe])
def test_what_changes_between_look_and_open_leads_nowhere(
    folder: Path, swap: Callable[[Path], None]
) -> None:
    """Every name is opened below a descriptor and without following links."""
    (folder / "sub").mkdir()
    (folder / "sub" / "2022-02-02.md").write_text("mine")
    with opened_tree(folder, is_dated) as opened:
        leaves = [each for each in opened.look() if isinstance(each, Leaf)]
        assert len(leaves) == 2
        swap(folder)
        read = list(opened_texts(opened, leaves))
    assert b"SECRET" not in read
    assert len(read) == 1


def opened_texts(opened: tree.Tree, leaves: list[Leaf]) -> Iterator[bytes]:
    """Give the content of the files that can still be opened."""
    for leaf in leaves:
        try:
            with opened.opened(leaf) as file:
                yield source.read_bytes(file)
        except OSError:
            continue


def test_oddities_and_entries_come_by_name(folder: Path) -> None:
    """Whatever the disk's order is."""
    for name in ("b.txt", "2021-01-01.md", "a/2020-01-01.md", "a.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    _, found = read_source(folder, "auto")
    places = [_place(each) for each in found]
    assert places == sorted(places)


def _place(found: Finding) -> str:
    return found.place


NAMES = st.sampled_from(["a", "b", ".h", "2021-01-01.md", "2022-02-02.md", "notes.md"])
STEPS = st.sampled_from(["a", "b", ".h", "..", ".", "2021-01-01.md", "notes.md", "out", "", "in"])
TARGETS = st.builds(
    lambda start, steps: start + ("/".join(steps) or "."),
    st.sampled_from(["", "", "", "/", "{root}/", "{root}/in/", "{root}/in/a/"]),
    st.lists(STEPS, min_size=1, max_size=5),
)
TREES = st.lists(
    st.tuples(st.lists(NAMES, min_size=1, max_size=3), st.none() | TARGETS), max_size=14
)


def plant(root: Path, tree: list[tuple[list[str], str | None]]) -> None:
    """Make files, each with its own path as its text, and links; what is in the way stays."""
    for names, target in tree:
        path = root / "in" / Path(*names)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            if target is not None:
                path.symlink_to(target.format(root=root))
            elif not os.path.lexists(path) and (root / "in") in path.parent.resolve().parents:
                path.write_text(f"text of {path.parent.resolve() / path.name}")


@given(tree=TREES)
@example(
    tree=[
        ([".h", "2022-02-02.md"], None),
        (["2021-01-01.md"], ".h/2022-02-02.md"),
        (["a"], ".h"),
    ]
)
def test_any_links_lead_to_each_file_within_once(
    tmp_path_factory: pytest.TempPathFactory, tree: list[tuple[list[str], str | None]]
) -> None:
    """And to none outside; what has a day in its name and is not hidden is always there."""
    root = tmp_path_factory.mktemp("root").resolve()
    (root / "out" / "a").mkdir(parents=True)
    for name in ("out/2021-01-01.md", "out/a/2022-02-02.md", "2021-01-01.md", "notes.md"):
        (root / name).write_text("SECRET")
    folder = root / "in"
    folder.mkdir()
    plant(root, tree)
    texts, _ = read(folder)
    assert "SECRET" not in texts.values()
    assert len(set(texts.values())) == len(texts)
    for place, text in texts.items():
        assert text == f"text of {(folder / place).resolve()}"
        assert folder in (folder / place).resolve().parents
    for path in folder.rglob("*"):
        below = path.relative_to(folder)
        is_plain = not any(each.startswith(".") for each in below.parts)
        if is_plain and path.is_file() and path.resolve() == path and is_dated(path.name):
            assert path.read_text() in texts.values()
