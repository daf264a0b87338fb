"""What a kill leaves behind, at any step: the next command sweeps it or brings it back."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run as run_program

import pytest

from diaryclient.files.atomic_output import noted, whole_file, whole_folder
from diaryclient.files.private_files import write_private
from diaryclient.files.scratch import hold, open_new
from diaryclient.home.leftovers import notes_below, sweep
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Outbox
from diaryclient.home.settings import Choice
from tests.client.killed_in_steps import ENTRY, NEW, OLD, STATE, TEXT
from tests.client.loopback import Loopback, Run


def killed(folder: Path, action: str) -> Iterator[Path]:
    """Give a home for each step of an action, in which it was killed there."""
    words = [sys.executable, "-m", "tests.client.killed_in_steps", str(folder), action]
    done = run_program(words, capture_output=True, text=True, timeout=60, check=True)
    homes = sorted(folder.iterdir())
    assert len(homes) == int(done.stdout) > 10
    yield from homes


def files_in(home: Path) -> dict[str, bytes]:
    """Give all files below a home, by their paths."""
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file()
    }


def next_command(run: Run, home: Path) -> list[str]:
    """Type any command, and give what it tells on standard error."""
    status, _, err = run("profile", "list", XDG_STATE_HOME=str(home / "state"), HOME=str(home))
    assert status == 0
    return [line for line in err.splitlines() if not line.startswith("no profiles; ")]


def test_a_killed_login_leaves_no_second_secret(run: Run, tmp_path: Path) -> None:
    """Whatever step it had come to: the old login is there or the new one, and no other file."""
    left = 0
    for home in killed(tmp_path, "login"):
        left += any(".tmp" in name for name in files_in(home))
        assert next_command(run, home) == []
        found = files_in(home / STATE / "logins")
        assert set(found) == {f"{OLD.name}.json", f".{OLD.name}.lock"}
        assert Logins(home / STATE / "logins").choose(Choice()).kid in {OLD.kid, NEW.kid}
        assert sum(b"root" in data for data in files_in(home).values()) == 1
    assert left > 5


def test_a_killed_writer_loses_no_text_that_was_written(run: Run, tmp_path: Path) -> None:
    """It is in the outbox, or in a draft that is named; and what to type for it is told."""
    rescued = 0
    for home in killed(tmp_path, "entry"):
        had_it = any(TEXT.encode() in data for data in files_in(home).values())
        told = next_command(run, home)
        found = files_in(home / STATE)
        assert not any(".tmp" in name for name in found)
        waiting = Outbox(home / STATE / "outbox" / OLD.name).waiting()
        drafts = [name for name in found if name.startswith("drafts/")]
        assert bool(waiting) + bool(drafts) == had_it
        assert [found[name].decode() for name in drafts] == [TEXT] * len(drafts)
        assert len(told) == len(drafts)
        for words, name in zip(told, drafts, strict=True):
            path = home / STATE / name
            assert f"is in {path} now; if the diary has it not, type: " in words
            assert words.endswith(f"diaryclient write < {path}")
        rescued += len(drafts)
        assert next_command(run, home) == []
    assert rescued


def test_a_killed_correction_leaves_one_entry(run: Run, tmp_path: Path) -> None:
    """Its text is in the outbox already, so no draft is made of it."""
    for home in killed(tmp_path, "change"):
        assert next_command(run, home) == []
        [entry] = Outbox(home / STATE / "outbox" / OLD.name).waiting()
        assert entry in {ENTRY, ENTRY._replace(at=ENTRY.at + 1)}
        assert not [name for name in files_in(home / STATE) if ".tmp" in name or "draft" in name]


def test_a_killed_draft_is_a_draft(run: Run, tmp_path: Path) -> None:
    """One that did not get its name gets another one."""
    for home in killed(tmp_path, "draft"):
        had_it = any(TEXT.encode() in data for data in files_in(home).values())
        next_command(run, home)
        found = files_in(home / STATE / "drafts") if (home / STATE / "drafts").exists() else {}
        assert list(found.values()) == [TEXT.encode()] * had_it
        assert not any(".tmp" in name for name in found)


def test_a_killed_export_leaves_no_part_of_the_diary(run: Run, tmp_path: Path) -> None:
    """Wherever it was written to: the file or the folder is whole, or nothing is there."""
    left = 0
    for home in killed(tmp_path, "export"):
        left += any(
            TEXT in data.decode() for name, data in files_in(home).items() if ".tmp" in name
        )
        assert next_command(run, home) == []
        found = {name: data for name, data in files_in(home).items() if "state/" not in name}
        assert set(found) <= {"diary.txt", "diary/day.md"}
        assert set(found.values()) <= {TEXT.encode()}
        assert {path.name for path in home.iterdir()} <= {"state", "diary.txt", "diary"}
        assert not list(home.glob(f"{STATE}/exports/*"))
    assert left


def test_what_is_being_written_is_left_alone(tmp_path: Path) -> None:
    """A sweep takes away only what no process holds."""
    logins = tmp_path / "logins"
    logins.mkdir()
    scratch, descriptor = open_new(logins / "alice@diary.test:8888.json")
    notes = notes_below(tmp_path)
    with whole_file(tmp_path / "a", notes) as file, whole_folder(tmp_path / "b", notes) as folder:
        file.write("a")
        (folder / "b").write_text("b")
        assert sweep(tmp_path) == []
    assert (tmp_path / "a").read_text() == "a"
    assert (tmp_path / "b" / "b").read_text() == "b"
    assert scratch.exists()
    os.close(descriptor)
    assert sweep(tmp_path) == []
    assert not scratch.exists()


def test_who_is_swept_before_it_holds_its_file_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweeper may meet a file in the moment after it was made."""
    opened = os.open
    swept = list[object]()

    def meddling(path: Path, *words: int, **others: int) -> int:
        descriptor = opened(path, *words, **others)
        if str(path).endswith(".tmp") and len(swept) < 3:
            swept.append(path)
            Path(path).unlink()
        return descriptor

    monkeypatch.setattr(os, "open", meddling)
    write_private(tmp_path / "file", b"data")
    assert (tmp_path / "file").read_bytes() == b"data"
    assert len(swept) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_leftovers_of_earlier_versions_are_swept(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Their names told nothing; a text in one becomes a draft."""
    secret = state / "logins" / ".0123456789abcdef.tmp"
    secret.write_bytes((state / "logins" / f"{logged_in.login.name}.json").read_bytes())
    outbox = state / "outbox" / logged_in.login.name
    outbox.mkdir(parents=True)
    (outbox / ".0123456789abcdef.tmp").write_text(f'{{"at": 1, "text": "{TEXT}"}}')
    (outbox / ".fedcba9876543210.tmp").write_text('{"at": 1, "text": "hal')
    status, _, err = run("whoami")
    assert status == 0
    assert err.count("a diaryclient was killed while it kept a text, which is in ") == 2
    assert not secret.exists()
    texts = {path.read_text() for path in (state / "drafts").iterdir()}
    assert texts == {TEXT, '{"at": 1, "text": "hal'}


def test_a_note_leads_only_to_what_is_being_written(tmp_path: Path) -> None:
    """Whatever stands in the folder of notes, no other file is removed."""
    other = tmp_path / "other"
    other.write_text("mine")
    notes = notes_below(tmp_path)
    with noted(other, notes):
        assert sweep(tmp_path) == []
        assert other.read_text() == "mine"
        [note] = notes.iterdir()
        assert note.readlink() == other
    assert list(notes.iterdir()) == []


def test_what_cannot_be_swept_is_told(tmp_path: Path) -> None:
    """With its path; and the command goes on."""
    notes = notes_below(tmp_path)
    notes.mkdir()
    (notes / "no-link").write_text("x")
    [words] = sweep(tmp_path)
    assert words.startswith(f"{notes / 'no-link'} was left by a diaryclient that was killed: ")


def test_folders_of_secrets_are_narrowed(run: Run, loopback: Loopback, state: Path) -> None:
    """Also those that were there before, as wide as could be; a text's too."""
    outbox = state / "outbox" / loopback.login.name
    for folder in (state / "logins", outbox, state / "drafts"):
        folder.mkdir(parents=True)
    for folder in (state, state / "logins", outbox):
        folder.chmod(0o777)
    where = f"127.0.0.1:{loopback.address.port}"
    words = ("login", where, "alice", "--password-stdin", "--accept-new")
    assert run(*words, stdin=b"correct horse")[0] == 0
    assert run("write", "a text")[0] == 0
    for folder in (state, state / "logins", outbox):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_holding_tells_whether_somebody_else_does(tmp_path: Path) -> None:
    """Of files and of folders; what is gone is held by nobody."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for name in ("folder", "file"):
        first = hold(tmp_path / name)
        assert first is not None
        assert hold(tmp_path / name) is None
        os.close(first)
    assert hold(tmp_path / "gone") is None
