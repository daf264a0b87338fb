"""The outbox with real programs: several at once, after a year, after everything changed."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from diaryclient.diary.open_diary import OpenDiary
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Entry, Outbox
from diaryserver.clock import SystemClock
from protocol.dayfile import Written, parse_day_file
from protocol.identifiers import Day, EntryId
from tests.in_process import Finished
from tests.integration.logins import copy_login, login_of, outbox_of
from tests.programs import Home, Server

CLIENT = Path(sys.executable).with_name("diaryclient")
YEAR = 365 * 86_400_000
WRITERS = 6
FLUSHERS = 3
WAITING = 12


@dataclass(frozen=True)
class Person:
    """A user of a server with a home of their own."""

    name: str
    home: Home
    server: Server

    @property
    def login(self) -> Login:
        """The login at the server."""
        return login_of(self.home, self.name, self.server.address)

    @property
    def outbox(self) -> Outbox:
        """Where entries wait."""
        return outbox_of(self.home, self.login)

    def plant(self, text: str, ago: int) -> Entry:
        """Put an entry into the outbox as a client would have done `ago` ms before now."""
        at = SystemClock().now() - ago
        entry = Entry(EntryId.make(at, text.encode()[-10:].ljust(10)), at, 0, text)
        self.outbox.keep(entry)
        return entry

    def stored(self) -> list[Written]:
        """Give the entries on the server's disk, those in the archive too."""
        own = self.server.data / "diaries" / self.name
        paths = [*sorted(own.glob("*.log")), *own.rglob("archive/*.log")]
        records = [each for path in paths for each in parse_day_file(path.read_bytes())]
        return [each for each in records if isinstance(each, Written)]

    def clear(self, day: Day) -> bool:
        """Clear a day, as a program that uses the client's own facade does."""
        logins = Logins(self.home.folder / "state" / "diaryclient" / "logins")
        with OpenDiary.open(self.login, logins, self.outbox) as diary:
            [row] = diary.days(day, day)
            return diary.clear(row).startswith(day)


@pytest.fixture
def person(shared: Server, home: Home, request: pytest.FixtureRequest) -> Person:
    """A user of the shared server for this test alone, logged in."""
    name = f"person-{os.urandom(4).hex()}"
    shared.add_user(name)
    home.login(shared, name)
    return Person(name, home, shared)


def test_writers_and_flushers_at_once(person: Person) -> None:
    """Nobody loses, doubles or conflicts: each entry is stored once, and each writer says saved."""
    waiting = [person.plant(f"waiting {n:02}", 1000 * (WAITING - n)) for n in range(WAITING)]

    def run(number: int) -> Finished:
        if number % 3 == 0:
            return person.home.client("outbox", "flush")
        return person.home.client("write", f"written {number}")

    with ThreadPoolExecutor(WRITERS + FLUSHERS) as pool:
        done = list(pool.map(run, range(WRITERS + FLUSHERS)))
    writers = [each for number, each in enumerate(done) if number % 3]
    assert [each.status for each in writers] == [0] * WRITERS, [each.err for each in writers]
    assert {each.status for each in done} <= {0, 5}
    assert not any("conflict" in each.err or "refused" in each.err for each in done)
    assert person.home.speak("outbox", "flush").status == 0
    assert person.home.speak("outbox", "list", "--json").out == "[]\n"
    texts = sorted(each.text for each in person.stored())
    wanted = [each.text for each in waiting] + [f"written {n}" for n in range(9) if n % 3]
    assert texts == sorted(wanted)
    order = [each.text for each in person.stored() if each.text.startswith("waiting")]
    assert order == [each.text for each in waiting]


def test_a_wrong_clock_in_many_processes(person: Person) -> None:
    """Three hours ahead by faked offsets: all are refused once, corrected, and stored once."""
    home, login = person.home, person.login
    path = home.folder / "state" / "diaryclient" / "logins" / f"{login.name}.json"
    path.write_text(path.read_text().replace('"offset": 0', f'"offset": {3 * 3_600_000}'))

    def run(number: int) -> Finished:
        words = ("outbox", "flush") if number % 3 == 0 else ("write", f"written {number}")
        return person.home.client(*words)

    with ThreadPoolExecutor(WRITERS + FLUSHERS) as pool:
        done = list(pool.map(run, range(WRITERS + FLUSHERS)))
    assert [each.status for n, each in enumerate(done) if n % 3] == [0] * WRITERS
    found = person.stored()
    assert sorted(each.text for each in found) == [f"written {n}" for n in range(9) if n % 3]
    assert all(abs(each.stamp.at - SystemClock().now()) < 60_000 for each in found)
    assert person.login.offset == 0


def test_an_entry_a_year_old_goes_into_its_own_day(person: Person) -> None:
    """It is delivered with the next command, into the day it was written, with r= in its line."""
    old = person.plant("from last year", YEAR)
    done = person.home.speak("whoami")
    assert (done.status, done.err) == (0, "sent 1 waiting, 0 left\n")
    [path] = person.server.day_files(person.name)
    assert path.stem == old.stamp.day
    [line] = path.read_text().splitlines()
    assert f" {old.id.hex()} +,r=20" in line
    assert line.endswith(" from last year")


def test_an_old_entry_is_never_doubled_whatever_changed_meanwhile(
    person: Person,
) -> None:
    """Its answer was lost a year ago; since then: cleared, another token, another server process.

    Sent again after each of these: it is stored once, in the day file or in its archive.
    """
    old = person.plant("from last year", YEAR)
    outbox, server = person.outbox, person.server
    assert person.home.speak("outbox", "flush").status == 0
    outbox.keep(old)
    person.home.login(server, person.name)
    assert list(outbox.entries()) == []
    server.stop(signal.SIGKILL)
    server.restart()
    outbox.keep(old)
    assert person.home.speak("ping").err == "sent 1 waiting, 0 left\n"
    outbox.keep(old)
    assert person.clear(old.stamp.day)
    done = person.home.speak("outbox", "flush")
    assert done.status == 0, done.err
    assert [each.id for each in person.stored()] == [old.id]
    server.restart()
    outbox.keep(old)
    assert person.home.speak("read").err.endswith("sent 1 waiting, 0 left\n")
    assert [each.id for each in person.stored()] == [old.id]
    assert list(outbox.entries()) == []


def test_a_refused_login_keeps_entries_for_the_next_one(person: Person) -> None:
    """A token that the server does not know any more: 3, kept, sent after the next login."""
    server = person.server
    assert server.operate("user", "remove", person.name, "--yes").status == 0
    assert person.home.speak("write", "precious").status == 3
    assert person.home.speak("outbox", "flush").status == 3
    server.add_user(person.name)
    person.home.login(server, person.name)
    assert [each.text for each in person.stored()] == ["precious"]


def test_a_silent_server_is_said_to_keep(person: Person) -> None:
    """Flush to nobody: 5, quickly where nothing listens, and everything is still there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{bound.getsockname()[1]}"
    login = copy_login(person.home, person.name, person.server.address, nobody)
    outbox = outbox_of(person.home, login)
    entry = person.plant("one", 1000)
    outbox.keep(entry)
    done = person.home.speak("--server", nobody, "outbox", "flush")
    assert (done.status, done.out) == (5, "")
    assert "nothing listens" in done.err
    assert done.err.endswith("1 still waits\n")
    assert outbox.waiting() == [entry]


@pytest.mark.parametrize("words", [("write", "my \x1btext"), ("write",)])
def test_a_full_disk_is_loud(person: Person, words: tuple[str, ...]) -> None:
    """No file of this process may grow: exit 1, the text printed back, and nothing was sent."""
    entry = person.plant("older", 1000)
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", str(CLIENT), *words],
        env=os.environ | person.home.env,
        input="" if len(words) > 1 else "my \x1btext\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "| my \\x1btext\n" in done.stderr
    assert "NOT SAVED, and not sent" in done.stderr
    assert "File too large" in done.stderr
    assert person.outbox.waiting() == [entry]
    assert person.stored() == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_disk_is_loud(person: Person) -> None:
    """As a full one; what waits stays, and commands that read still read."""
    entry = person.plant("older", 1000)
    person.outbox.folder.chmod(0o500)
    try:
        done = person.home.speak("write", "my text")
        assert (done.status, done.out) == (1, "")
        assert "| my text\n" in done.err
        assert person.home.speak("whoami").status == 0
    finally:
        person.outbox.folder.chmod(0o700)
    assert person.outbox.waiting() == [entry]
    assert person.stored() == []
