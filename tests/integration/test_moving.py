"""A server that moves to another port, and its copies: by command, by login, never silently."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.diaries import outbox, texts
from tests.programs import PASSWORD, Home, Server, launch, start_server, write_config
from tests.terminals import Terminal


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Server]:
    """A server with alice."""
    server = start_server(tmp_path / "server")
    server.add_user("alice")
    yield server
    server.stop()


@pytest.fixture
def home(old: Server, tmp_path: Path) -> Home:
    """Logged in, one entry stored."""
    made = Home(tmp_path / "home")
    made.login(old, "alice")
    assert made.speak("write", "before").status == 0
    return made


@pytest.fixture
def new(old: Server, home: Home) -> Iterator[Server]:
    """The same server at another port, after an entry was written that waits."""
    old.stop()
    assert home.speak("write", "waits").status == 5
    write_config(old.folder, 0)
    server = launch(old.folder, 0)
    yield server
    server.stop()


def logins(home: Home) -> list[str]:
    """Give the names of the login files."""
    return sorted(path.stem for path in home.folder.glob("state/diaryclient/logins/*.json"))


def test_a_move_takes_everything_along(old: Server, new: Server, home: Home) -> None:
    """Both addresses are shown; what waited is sent, and doctor is content again."""
    done = home.client("doctor")
    assert (done.status, f"diaryclient move {old.address} NEW" in done.out) == (4, True)
    assert "outbox flush" not in done.out
    done = home.client("move", old.address, new.address)
    assert (done.status, done.out) == (2, "")
    assert logins(home) == [f"alice@{old.address}"]
    done = home.client("move", old.address, new.address, "--yes")
    moved = f"moved alice@{old.address} to alice@{new.address}, 1 entry\n"
    assert (done.status, done.out) == (0, moved)
    assert f"{new.address} shows SHA256:" in done.err
    assert f", as {old.address} did; to be moved:" in done.err
    assert done.err.endswith("sent 1 waiting, 0 left\n")
    assert texts(new) == ["before", "waits"]
    assert (logins(home), outbox(home)) == ([f"alice@{new.address}"], [])
    assert home.client("doctor").status == 0
    assert home.client("read").out.count("\n") == 2


def test_settings_that_name_the_old_address_are_told(old: Server, new: Server, home: Home) -> None:
    """They would choose a login that is no more."""
    config = home.folder / "config" / "diaryclient" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'server = "{old.address}"\n[profile.work]\nserver = "{old.address}"\n')
    done = home.client("move", old.address, new.address, "--yes")
    assert done.status == 0
    assert f"{config}: server, profile.work still names {old.address}: change it\n" in done.err


def test_at_a_terminal_it_is_asked(old: Server, new: Server, home: Home) -> None:
    """With both addresses; anything but yes moves nothing."""
    for answer in ("", "n", "y"):
        terminal = Terminal(home, "move", old.address, new.address, columns=200)
        terminal.sees(f"alice@{old.address} to alice@{new.address}, 1 entry in the outbox")
        terminal.sees(f"Is {new.address} the one that was {old.address}?")
        terminal.type(answer)
        terminal.sees("moved alice@" if answer == "y" else "nothing was moved")
        assert terminal.wait() == 0
    assert texts(new) == ["before", "waits"]


def test_a_login_at_the_new_address_offers_it(old: Server, new: Server, home: Home) -> None:
    """After the question of trust, which names the old address."""
    terminal = Terminal(home, "login", new.address, "alice", columns=200)
    terminal.sees("Password of alice@")
    terminal.type(PASSWORD)
    terminal.sees(f"{old.address} has shown the same; a restored copy of it does, too.")
    terminal.sees("Is that what its operator told you?")
    terminal.type("y")
    terminal.sees("logged in to")
    terminal.sees(f"Is {new.address} the one that was {old.address}?")
    terminal.type("y")
    terminal.sees(f"moved alice@{old.address} to alice@{new.address}, 1 entry")
    revoke = terminal.sees_match(r"to end it: diaryclient (token revoke [0-9a-f]{16})")
    assert terminal.wait() == 0
    assert logins(home) == [f"alice@{new.address}"]
    assert texts(new) == ["before", "waits"]
    assert home.client(*revoke.split()).status == 0


def test_a_login_without_a_terminal_takes_nothing_over(
    old: Server, new: Server, home: Home
) -> None:
    """It says what to type."""
    words = ("login", new.address, "alice", "--accept-new", "--password-stdin")
    done = home.client(*words, stdin=f"{PASSWORD}\n")
    assert done.status == 0
    assert f"diaryclient move {old.address} {new.address}\n" in done.err
    assert logins(home) == sorted([f"alice@{old.address}", f"alice@{new.address}"])
    assert outbox(home) == ["waits"]
    done = home.client("doctor")
    assert done.status == 5
    assert f"type diaryclient move {old.address} {new.address}" in done.out


def test_another_server_gets_nothing(old: Server, home: Home, tmp_path: Path) -> None:
    """It has another fingerprint: exit 3, and neither texts nor tokens are sent."""
    other = start_server(tmp_path / "other")
    other.add_user("alice")
    try:
        done = home.client("move", old.address, other.address, "--yes")
        assert (done.status, done.out) == (3, "")
        assert (
            "these are two servers, or somebody pretends to be one; nothing was moved" in done.err
        )
        assert logins(home) == [f"alice@{old.address}"]
    finally:
        other.stop()


def test_an_older_copy_that_does_not_know_the_login_gets_nothing(
    old: Server, home: Home, tmp_path: Path
) -> None:
    """Restored from before the login: it shows the same fingerprint."""
    bare = tmp_path / "copy"
    old.stop()
    shutil.copytree(old.folder, bare)
    write_config(bare, 0)
    copy = launch(bare, 0)
    try:
        copy.remove_user("alice")
        copy.add_user("alice")
        done = home.client("move", old.address, copy.address, "--yes")
        assert (done.status, done.out) == (3, "")
        assert "nothing was moved" in done.err
        assert f"diaryclient login {copy.address} alice" in done.err
        assert logins(home) == [f"alice@{old.address}"]
    finally:
        copy.stop()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["move", "OLD", "OLD", "--yes"], 2, "OLD and NEW are one address; nothing was moved"),
        (["move", "http://a.test", "b.test", "--yes"], 2, "OLD: only host, host:port"),
        (["move", "a.test", "OLD", "--yes"], 3, "there is no login to a.test:8888, and nothing"),
        (["move", "OLD", "127.0.0.1:1", "--yes"], 4, "nothing listens at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_moved(
    old: Server, home: Home, words: list[str], status: int, said: str
) -> None:
    """Nothing is, and it is said why."""
    done = home.client(*(old.address if word == "OLD" else word for word in words))
    assert (done.status, done.out) == (status, "")
    assert said in done.err
    assert logins(home) == [f"alice@{old.address}"]
