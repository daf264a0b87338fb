"""Verify, backup, restore and recover as an operator types them, beside a real server."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from protocol.dayfile import Foreign, Written, parse_day_file
from protocol.identifiers import Day, EntryId
from protocol.messages.base import Refusal
from protocol.messages.diary import Clear, Cleared, DayList, Days
from protocol.messages.padding import padded
from protocol.messages.writing import Stored
from tests.in_process import Finished
from tests.integration.wire import Token, new_id, now, wire_to
from tests.programs import PASSWORD, Home, Server, launch, write_config

A_DAY: Final = Day("2020-02-29")
NOON: Final = 1_582_977_600_000
TEXTS: Final = ("short", "two\nlines", "many\n" * 50, "字" * 300, "\n\n\n")


@pytest.fixture
def served(server: Server) -> Iterator[tuple[Server, Token]]:
    """A server with alice, and her token."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        yield server, wire.token("alice", PASSWORD)


def stored(token: Token, text: str, at: int = NOON) -> EntryId:
    """Write an entry, which must be acknowledged."""
    rid = new_id()
    assert isinstance(token.put(text, rid, at), Stored)
    return rid


def clear(token: Token, day: Day = A_DAY) -> None:
    """Set a day aside."""
    listed = token.ask(padded(Days(day, day)))
    assert isinstance(listed, DayList)
    assert isinstance(token.ask(Clear(day, listed.rows[0].generation)), Cleared)


def ids(path: Path) -> list[str]:
    """Give the ids of a day file's entries; nothing may be foreign."""
    parsed = parse_day_file(path.read_bytes())
    assert not any(isinstance(record, Foreign) for record in parsed)
    return [record.id.hex() for record in parsed if isinstance(record, Written)]


def placed(folder: Path, port: int) -> Server:
    """Give a place for another server on this port, not started."""
    folder.mkdir(exist_ok=True)
    write_config(folder, port)
    nobody = subprocess.Popen(["true"])
    nobody.wait()
    return Server(folder, nobody, port)


def restored(folder: Path, port: int, copy: Path, *options: str) -> Server:
    """Restore a backup without faults and serve it."""
    place = placed(folder, port)
    assert "no faults" in ok(place.operate("restore", str(copy), *options)).err
    return launch(folder, port)


@contextmanager
def writing(server: Server, token: Token) -> Iterator[list[EntryId]]:
    """Let two devices write today without a pause, and give the ids that were sent."""
    sent: list[EntryId] = []
    stop = threading.Event()

    def write_on() -> None:
        with wire_to(server.address) as wire:
            device = Token(wire, token.keys)
            while not stop.is_set():
                sent.append(stored(device, TEXTS[len(sent) % len(TEXTS)], now()))

    writers = [threading.Thread(target=write_on) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        yield sent
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def ok(done: Finished) -> Finished:
    """Give a run that must have succeeded."""
    assert done.status == 0, done.err
    return done


def test_verify_beside_a_server_and_repair_without_one(
    served: tuple[Server, Token],
) -> None:
    """Every planted fault by file, line and kind; after a repair only the unprovable ones."""
    server, alice = served
    stored(alice, "one")
    stored(alice, "two\nlines")
    done = ok(server.operate("verify"))
    assert (done.out, done.err) == ("", "diaryserver: no faults; 2 entries in 1 day file\n")
    assert server.operate("verify", "--repair").err == (
        "diaryserver: a server is running on these data: stop it, then repair\n"
    )
    assert server.stop() == 0
    (path,) = server.day_files("alice")
    first = path.read_bytes().split(b"\n")[0] + b"\n"
    path.write_bytes(path.read_bytes() + b"hidden words\n" + first + b"torn")
    path.chmod(0o644)
    name = f"diaries/alice/{A_DAY}.log"
    listed = server.operate("verify", "--json")
    assert (listed.status, listed.err) == (1, "diaryserver: 4 faults; 3 entries in 1 day file\n")
    assert [(each["file"], each["line"], each["kind"]) for each in json.loads(listed.out)] == [
        (name, 0, "permissions"),
        (name, 4, "foreign-line"),
        (name, 5, "duplicate"),
        (name, 6, "torn-end"),
    ]
    repaired = server.operate("verify", "--repair")
    assert repaired.status == 1
    assert repaired.out == f"{name}:4: foreign-line: 13 bytes\n"
    assert repaired.err.endswith("diaryserver: 1 fault; 2 entries in 1 day file\n")
    assert "hidden" not in listed.out + repaired.out + repaired.err
    server.restart()
    stored(alice, "three")
    assert server.operate("verify").out == repaired.out


def test_an_older_ledger_put_back_alone_takes_no_place(served: tuple[Server, Token]) -> None:
    """Though the archive that it does not know was moved away: verify says so, a start as well."""
    server, alice = served
    ledger = server.data / "ledger.sqlite3"
    older = ledger.read_bytes()
    stored(alice, "one")
    clear(alice)
    stored(alice, "two")
    known = generation_of(alice)
    assert server.stop() == 0
    for archived in (server.data / "diaries/alice/archive").iterdir():
        archived.rename(server.folder / archived.name)
    ledger.write_bytes(older)
    why = "is not what the accounts knew last: an older one, or a backup's, was put in its place"
    done = server.operate("verify")
    assert done.status == 1
    assert done.out == (
        f"ledger.sqlite3: ledger: {why}; the next start, or --repair, begins another epoch\n"
    )
    server.restart()
    said = f"diaryserver: {ledger} {why}: every reader begins anew, in another epoch"
    assert server.log.splitlines().count(said) == 1
    with wire_to(server.address) as wire:
        assert generation_of(Token(wire, alice.keys)) not in {0, known}
    ok(server.operate("verify"))
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    server.restart()
    assert said not in server.log


def generation_of(token: Token) -> int:
    """Give what the day's bytes are known by."""
    listed = token.ask(padded(Days(A_DAY, A_DAY)))
    assert isinstance(listed, DayList)
    return listed.rows[0].generation


@pytest.mark.measured
def test_a_backup_under_load_restored_elsewhere_is_the_same_diary(
    served: tuple[Server, Token], tmp_path: Path, home: Home
) -> None:
    """What was acknowledged before is in it, what comes meanwhile whole or not, logins live on."""
    server, alice = served
    home.login(server, "alice")
    stored(alice, "cleared")
    clear(alice)
    before = [stored(alice, text, at) for text in TEXTS for at in (NOON, now())]
    read = ok(home.speak("read", "--on", A_DAY))
    copy = tmp_path / "copy"
    with writing(server, alice) as sent:
        ok(server.operate("backup", "--with-keys", str(copy)))
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=copy, check=False).returncode == 0
    found = [each for path in (copy / "diaries/alice").glob("*.log") for each in ids(path)]
    assert len(found) == len(set(found))
    assert {each.hex() for each in before} <= set(found)
    assert set(found) <= {each.hex() for each in before + sent}
    for path in (copy / "diaries/alice").glob("*.log"):
        original = server.data / "diaries/alice" / path.name
        assert original.read_bytes().startswith(path.read_bytes())
    refused = server.operate("restore", str(copy))
    assert (refused.status, "holds data" in refused.err) == (1, True)
    assert server.stop() == 0
    other = restored(tmp_path / "other", server.port, copy)
    assert ok(home.speak("read", "--on", A_DAY)).out == read.out
    assert "+ cleared" in next((other.data / "diaries/alice/archive").iterdir()).read_text()
    assert other.stop() == 0


def test_with_new_keys_an_invite_opens_the_old_diary(
    served: tuple[Server, Token], tmp_path: Path, home: Home
) -> None:
    """A backup without keys says so, restore asks, and each user gets a new invite."""
    server, alice = served
    stored(alice, "kept")
    done = ok(server.operate("backup", str(tmp_path / "copy")))
    assert "without the keys" in done.err
    assert server.stop() == 0
    other = placed(tmp_path / "other", server.port)
    assert other.operate("restore", str(tmp_path / "copy")).status == 2
    assert not other.data.exists()
    other = restored(other.folder, server.port, tmp_path / "copy", "--new-keys")
    assert isinstance(alice.wire.login("alice", PASSWORD), Refusal)
    invite = other.invite("alice")
    ok(home.speak("login", invite, "--password-stdin", stdin=PASSWORD + "\n"))
    assert "kept" in ok(home.speak("read", "--on", A_DAY)).out
    assert other.stop() == 0


def test_a_backup_of_a_killed_server_holds_what_only_its_journal_had(
    served: tuple[Server, Token], tmp_path: Path
) -> None:
    """Without a server the command replays the journal as a start does."""
    server, alice = served
    rids = [stored(alice, "acknowledged") for _ in range(5)]
    server.stop(signal.SIGKILL)
    (path,) = server.day_files("alice")
    path.write_bytes(path.read_bytes()[:-30])  # as if the day file had not followed
    ok(server.operate("backup", str(tmp_path / "copy")))
    copied = tmp_path / "copy/diaries/alice" / path.name
    assert ids(copied) == [rid.hex() for rid in rids]
    assert ok(server.operate("verify")).out == ""


def test_recover_brings_back_beside_a_server_and_without_one(
    served: tuple[Server, Token],
) -> None:
    """A cleared day, and the diary of a removed user; twice adds nothing."""
    server, alice = served
    rids = [stored(alice, text) for text in TEXTS]
    clear(alice)
    since = stored(alice, "since")
    name = f"alice/{A_DAY}.0"
    listed = json.loads(ok(server.operate("recover", "--json")).out)
    assert [(each["name"], each["form"], each["entries"]) for each in listed] == [
        (name, "cleared", len(TEXTS))
    ]
    assert "5 records" in ok(server.operate("recover", name)).err
    assert "all of it was there" in ok(server.operate("recover", name)).err
    (path,) = server.day_files("alice")
    assert ids(path) == [rid.hex() for rid in (since, *rids)]
    assert alice.put(TEXTS[0], rids[0], NOON) == Stored(A_DAY, dup=True)
    ok(server.operate("user", "remove", "alice", "--yes"))
    (removed,) = (server.data / "removed").iterdir()
    assert server.operate("recover", removed.name).status == 7
    server.add_user("bob")
    assert "6 records" in ok(server.operate("recover", removed.name, "--as", "bob")).err
    assert server.stop() == 0
    assert "all of it was there" in ok(server.operate("recover", removed.name, "--as", "bob")).err
    (path,) = server.day_files("bob")
    assert ids(path) == [rid.hex() for rid in (since, *rids)]
    assert ok(server.operate("verify")).out == ""
