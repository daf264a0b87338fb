"""Logins and entries on their way to another address, and wherever that is stopped."""

import errno
from pathlib import Path

import pytest

from diaryclient.errors import IdentityChangedError, NotLoggedInError
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Outbox
from diaryclient.home.settings import Choice
from diaryclient.login.moving import Share, find_shares, move
from protocol.address import Address
from protocol.identifiers import Username
from tests.client.fakes import ALICE, FakeClock, FakeServer, login_to
from tests.client.home.test_outbox import entry

OLD, NEW = Address("old.test", 8888), Address("new.test", 9000)
LOGIN = login_to(FakeServer(FakeClock()))._replace(address=OLD)
BOB = Username("bob")


class Home:
    """Logins and outboxes in a folder."""

    def __init__(self, folder: Path) -> None:
        self.logins = Logins(folder / "logins")
        self.outboxes = folder / "outbox"

    def outbox(self, login: Login) -> Outbox:
        """Give a login's outbox."""
        return Outbox(self.outboxes / login.name)

    def shares(self, shown: str = LOGIN.fingerprint) -> list[Share]:
        """Give what there is to move from OLD to NEW."""
        return find_shares(self.logins, self.outboxes, OLD, NEW, shown)

    def move(self) -> list[int]:
        """Move all of it."""
        return [move(self.logins, self.outboxes, share, OLD) for share in self.shares()]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Alice's and bob's logins to OLD; three of alice's entries wait, one of them refused."""
    made = Home(tmp_path)
    for login in (LOGIN, LOGIN._replace(user=BOB, kid=bytes(8))):
        made.logins.save(login)
    for number in (1, 2, 3):
        made.outbox(LOGIN).keep(entry(number))
    return made


def test_everything_goes_and_nothing_else(home: Home) -> None:
    """Every login with its token, every entry; what is of a third server stays."""
    third = LOGIN._replace(address=Address("third.test", 8888))
    home.logins.save(third)
    home.outbox(third).keep(entry(9))
    assert [(each.login.name, each.entries) for each in home.shares()] == [
        ("alice@new.test:9000", 3),
        ("bob@new.test:9000", 0),
    ]
    assert home.move() == [3, 0]
    assert home.logins.all(Choice()) == [
        LOGIN._replace(address=NEW),
        third,
        LOGIN._replace(address=NEW, user=BOB, kid=bytes(8)),
    ]
    there = home.outbox(LOGIN._replace(address=NEW))
    assert list(there.entries()) == [entry(number) for number in (1, 2, 3)]
    assert list(home.outbox(LOGIN).entries()) == []
    assert list(home.outbox(third).entries()) == [entry(9)]
    assert home.logins.pinned(NEW) == LOGIN.fingerprint
    assert home.logins.pinned(OLD) is None
    with pytest.raises(NotLoggedInError, match="there is no login to old"):
        home.shares()


@pytest.mark.parametrize("at", [OLD, NEW])
def test_another_fingerprint_moves_nothing(home: Home, at: Address) -> None:
    """At either address: both fingerprints are named."""
    other = "SHA256:" + "A" * 43
    if at == NEW:
        home.logins.save(LOGIN._replace(address=NEW, fingerprint=other))
    with pytest.raises(IdentityChangedError, match="nothing was moved") as raised:
        home.shares(LOGIN.fingerprint if at == NEW else other)
    assert other in str(raised.value)
    assert LOGIN.fingerprint in str(raised.value)


def test_a_login_that_is_there_already_stays(home: Home) -> None:
    """The other one is named, since it lives on the server."""
    present = LOGIN._replace(address=NEW, kid=b"k" * 8)
    home.logins.save(present)
    home.outbox(present).keep(entry(4))
    [alices, bobs] = home.shares()
    assert (alices.login, alices.superseded, bobs.superseded) == (present, LOGIN, None)
    assert home.move() == [3, 0]
    assert home.logins.choose(Choice(NEW, ALICE)) == present
    assert len(home.outbox(present).waiting()) == 4


def test_entries_without_a_login_go_with_that_of_the_same_person(home: Home) -> None:
    """Somebody logged out before; without a login at the new address they stay."""
    with home.logins.hold(LOGIN.name) as held:
        held.remove()
    with pytest.raises(
        NotLoggedInError, match=r"first type: diaryclient login new\.test:9000 alice"
    ):
        home.shares()
    present = LOGIN._replace(address=NEW, kid=b"k" * 8)
    home.logins.save(present)
    assert home.move() == [3, 0]
    assert len(home.outbox(present).waiting()) == 3


def test_what_another_process_sends_just_now_is_waited_for(home: Home) -> None:
    """And not longer than a while: the rest stays, and the login with it."""
    sending = home.outbox(LOGIN)
    sending.hold(entry(2).id)
    there = Outbox(home.outboxes / f"alice@{NEW}")
    with pytest.raises(BlockingIOError):
        home.outbox(LOGIN).move_to(there, 0.0)
    sending.release(entry(2).id)
    assert sorted(each.id for box in (home.outbox(LOGIN), there) for each in box.entries()) == [
        entry(number).id for number in (1, 2, 3)
    ]
    assert home.move() == [2, 0]
    assert len(there.waiting()) == 3


@pytest.mark.parametrize("count", range(3))
def test_after_a_kill_the_same_command_does_the_rest(
    home: Home, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Wherever it is stopped, every entry has a login by which it can be sent."""
    renamed = [0]
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.parent == home.outbox(LOGIN).folder:
            renamed[0] += 1
            if renamed[0] > count:
                raise OSError(errno.EIO, "killed here")
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", failing)
        with pytest.raises(OSError, match="killed here"):
            home.move()
    assert [each.address for each in home.logins.all(Choice(user=ALICE))] == [NEW, OLD]
    assert home.move() == [3 - count, 0]
    assert [each.address for each in home.logins.all(Choice(user=ALICE))] == [NEW]
    assert len(home.outbox(LOGIN._replace(address=NEW)).waiting()) == 3


def test_a_login_that_was_renewed_meanwhile_goes_as_it_is_now(home: Home) -> None:
    """Also over what a move that was stopped has left at the new address."""
    home.logins.save(LOGIN._replace(address=NEW, expires=10))
    renewed = LOGIN._replace(kid=b"n" * 8, line=LOGIN.kid, expires=20)
    home.logins.save(renewed)
    home.move()
    assert home.logins.choose(Choice(NEW, ALICE)) == renewed._replace(address=NEW)
