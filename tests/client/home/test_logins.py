"""Several logins side by side, in private files that are never misread."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.errors import LoginFileError, NotLoggedInError
from diaryclient.files.private_files import write_private
from diaryclient.home.logins import Logins
from diaryclient.home.settings import Choice
from protocol.address import Address
from protocol.identifiers import Username
from tests.client.fakes import ADDRESS, ALICE, START, FakeClock, FakeServer, file_mode, login_to

LOGIN = login_to(FakeServer(FakeClock()))
BOB = Username("bob")
ELSEWHERE = Address("::1", 9999)
NEWER = {"line", "label", "fixed"}


def test_a_login_comes_back(tmp_path: Path) -> None:
    """What was saved is what is chosen; the file is private and named after it."""
    Logins(tmp_path).save(LOGIN)
    assert Logins(tmp_path).choose(Choice()) == LOGIN
    assert file_mode(tmp_path / "alice@diary.test:8888.json") == 0o600


def test_secrets_are_not_shown() -> None:
    """A login in a message or a log does not carry its root."""
    assert LOGIN.root.hex() not in repr(LOGIN)
    assert repr(LOGIN.root) not in repr(LOGIN)


def test_the_newest_is_meant_unless_another_is_named(tmp_path: Path) -> None:
    """By creation, not by name; server and user narrow it down."""
    logins = Logins(tmp_path)
    newest = LOGIN._replace(created=START + 5)
    others = [
        LOGIN._replace(user=BOB, created=START + 1),
        LOGIN._replace(address=ELSEWHERE, created=START + 2),
    ]
    for login in (newest, *others):
        logins.save(login)
    assert logins.choose(Choice()) == newest
    assert logins.choose(Choice(user=BOB)) == others[0]
    assert logins.choose(Choice(server=ELSEWHERE)) == others[1]
    with pytest.raises(NotLoggedInError, match=r"bob@\[::1\]:9999, only for alice@"):
        logins.choose(Choice(ELSEWHERE, BOB))


def test_without_any_login_the_command_is_named(tmp_path: Path) -> None:
    """One line says what to type, with what is known."""
    with pytest.raises(NotLoggedInError, match="diaryclient login HOST USER"):
        Logins(tmp_path / "none").choose(Choice())
    with pytest.raises(NotLoggedInError, match=r"login '\[::1\]:9999' alice"):
        Logins(tmp_path).choose(Choice(ELSEWHERE, ALICE))


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, bits: int) -> None:
    """It says how to mend that."""
    Logins(tmp_path).save(LOGIN)
    path = tmp_path / f"{LOGIN.name}.json"
    path.chmod(bits)
    with pytest.raises(LoginFileError, match=f"chmod 600 {path}"):
        Logins(tmp_path).choose(Choice())


@pytest.mark.parametrize("key", ["server", "user", "kid", "root", "fingerprint", "expires"])
@pytest.mark.parametrize("value", [None, "", "Z Z", 2**70, True, [1]])
def test_a_damaged_file_is_an_error_and_no_crash(tmp_path: Path, key: str, value: object) -> None:
    """Neither is it skipped: it could be the one that is meant, and it holds a pin."""
    logins = Logins(tmp_path)
    logins.save(LOGIN)
    path = tmp_path / f"{LOGIN.name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(
        LoginFileError, match=r"damaged; log in again: diaryclient login diary.test:8888 alice"
    ):
        logins.choose(Choice())
    with pytest.raises(LoginFileError):
        logins.pinned(ADDRESS)


@given(data=st.binary(max_size=50))
def test_any_bytes_are_a_damaged_file(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Reading is total."""
    folder = tmp_path_factory.mktemp("logins")
    write_private(folder / f"{LOGIN.name}.json", data)
    with pytest.raises(LoginFileError):
        Logins(folder).choose(Choice())


def test_a_renamed_file_is_refused(tmp_path: Path) -> None:
    """A login is used for the server and user that its name says, or not at all."""
    Logins(tmp_path).save(LOGIN)
    (tmp_path / f"{LOGIN.name}.json").rename(tmp_path / "bob@diary.test:8888.json")
    with pytest.raises(LoginFileError, match="rename or remove it"):
        Logins(tmp_path).choose(Choice())


def test_an_offset_is_not_written_over_a_newer_login(tmp_path: Path) -> None:
    """Another process may have logged in anew meanwhile."""
    logins = Logins(tmp_path)
    logins.remember_offset(LOGIN, 7)
    logins.save(LOGIN)
    logins.remember_offset(LOGIN, 5000)
    assert logins.choose(Choice()).offset == 5000
    newer = LOGIN._replace(kid=b"kid-0002")
    logins.save(newer)
    logins.remember_offset(LOGIN, 7000)
    assert logins.choose(Choice()) == newer


def test_all_of_a_login_comes_back(tmp_path: Path) -> None:
    """Its name, its line and its kind of end too."""
    full = LOGIN._replace(line=b"kid-0000", label="das Tele\nfon", fixed=True)
    Logins(tmp_path).save(full)
    assert Logins(tmp_path).choose(Choice()) == full
    assert (full.id, LOGIN.id) == (b"kid-0000", LOGIN.kid)


def test_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    """It has no line, no name and no kind of end."""
    Logins(tmp_path).save(LOGIN)
    path = tmp_path / f"{LOGIN.name}.json"
    values = json.loads(path.read_bytes())
    write_private(path, json.dumps({k: v for k, v in values.items() if k not in NEWER}).encode())
    assert Logins(tmp_path).choose(Choice()) == LOGIN


def test_one_process_at_a_time_changes_a_login(tmp_path: Path) -> None:
    """Others skip what can wait, and reading never waits."""
    logins = Logins(tmp_path)
    logins.save(LOGIN)
    with logins.hold(LOGIN.name) as held:
        with pytest.raises(BlockingIOError), logins.hold(LOGIN.name):
            pass
        with pytest.raises(BlockingIOError):
            logins.remember_offset(LOGIN, 7)
        held.save(LOGIN._replace(label="renewed"))
        assert logins.current(LOGIN.name) == held.current == logins.choose(Choice())
        held.remove()
        assert logins.current(LOGIN.name) is None
    logins.save(LOGIN)
    assert logins.current(LOGIN.name) == LOGIN


def test_a_lent_token_is_never_written(tmp_path: Path) -> None:
    """Not even its clock's offset."""
    Logins(tmp_path / "logins").remember_offset(LOGIN._replace(is_stored=False), 7)
    assert list(tmp_path.iterdir()) == []
