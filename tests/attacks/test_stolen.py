"""What a thief can do with each thing that can be stolen, and what not: promises and admissions.

That the files hold no secret as it is, is tested where they are written: tests/server/
accounts/test_accounts.py and service/logins/test_guessing.py, and with real programs in
tests/integration/test_two_people.py.
"""

import shutil
from pathlib import Path
from typing import Final

import pytest

from diaryserver.accounts.keyfiles import PEPPER, master_name
from diaryserver.errors import DataError
from protocol.envelope import parse_envelope
from protocol.errors import MalformedError
from protocol.keys import derive_token_keys, open_sealed
from protocol.login import decode_login, open_login
from protocol.messages.account import Grant, Mint, Ping, Revoke, Revoked
from protocol.messages.forms import PasswordForm, RenewalForm
from protocol.messages.writing import Put
from tests.server.fakes import NOON
from tests.server.world import (
    PASSWORD,
    REPLY_KEY,
    Device,
    World,
    code_of,
    form_of,
    opened_world,
)

DAY: Final = 86_400
SEASON: Final = 90 * DAY * 1000
SECRET: Final = "a private text"


def recorded(device: Device) -> bytes:
    """Give a request as somebody on the way has recorded it."""
    datagram = device.request(Put(device.world.clock.now(), 0, SECRET))
    device.world.send(datagram)
    return datagram


def renewal(device: Device) -> RenewalForm:
    """Give the form, its proof still to come."""
    return RenewalForm(device.keys.kid, bytes(32), REPLY_KEY, 1, 1)


def new_password(device: Device, password: str) -> PasswordForm:
    """Give the form, its proof still to come."""
    return PasswordForm(
        kid=device.keys.kid,
        proof=bytes(32),
        current=PASSWORD,
        password=password,
        keep=False,
        key=REPLY_KEY,
        lowest=1,
        highest=1,
    )


def opens(world: World, datagram: bytes) -> bool:
    """Tell whether who has a data folder can read a recorded request."""
    envelope = parse_envelope(datagram)
    token = world.accounts.token(envelope.kid)
    if token is None:
        return False
    keys = derive_token_keys(world.accounts.root(token), token.kid)
    return SECRET.encode() in open_sealed(keys.to_server, envelope)


# Data folders and backups


def test_database_and_master_key_open_recorded_requests_until_the_salt_is_erased(
    folder: Path, tmp_path: Path
) -> None:
    """Thirty days after the token's end; a copy that was made before keeps what it holds."""
    with opened_world(folder) as world:
        device = world.device()
        datagram = recorded(device)
        copy = shutil.copytree(folder, tmp_path / "copy")
        assert device.ask(Revoke(device.token.id)) == Revoked(1)
        assert opens(world, datagram)
        world.clock.advance(30 * DAY + 1)
        world.accounts.sweep(world.clock.now())
        assert not opens(world, datagram)
    assert device.token.salt not in (folder / "accounts.sqlite3").read_bytes()
    with opened_world(copy) as stolen:
        assert opens(stolen, datagram)


def test_a_destroyed_master_key_opens_nothing_any_more(folder: Path, tmp_path: Path) -> None:
    """Neither with the database of today nor with a stolen one of then; a copy of the key does."""
    with opened_world(folder) as world:
        datagram = recorded(world.device())
        copy = shutil.copytree(folder, tmp_path / "copy")
        world.accounts.rotate(world.clock.now(), world.clock.now() + 1)
        world.clock.advance(1)
        world.accounts.sweep(world.clock.now())
        assert not opens(world, datagram)
    with opened_world(copy) as stolen:
        assert opens(stolen, datagram)
    (copy / "keys" / master_name(1)).unlink()
    shutil.copy(folder / "keys" / master_name(2), copy / "keys")
    with pytest.raises(DataError, match=r"master\.1 is missing"), opened_world(copy):
        pass


def test_a_database_without_its_keys_serves_nobody(folder: Path, tmp_path: Path) -> None:
    """With other keys in their place the same salts give other roots, and no device is known."""
    with opened_world(folder) as world:
        device = world.device()
        datagram = recorded(device)
    copy = shutil.copytree(folder, tmp_path / "copy")
    for name in (master_name(1), PEPPER):
        (copy / "keys" / name).write_bytes(b"another key of thirty-two bytes.")
    with opened_world(copy) as stolen:
        assert stolen.send(datagram) == []
        with pytest.raises(MalformedError):
            opens(stolen, datagram)
    (copy / "keys" / PEPPER).unlink()
    with pytest.raises(DataError, match="pepper is missing"), opened_world(copy):
        pass


def test_recorded_log_ins_are_opened_by_nothing_that_lies_on_the_disk(
    folder: Path, tmp_path: Path
) -> None:
    """A password, a renewal, a new password: their prekey was in memory, and is gone from there."""
    with opened_world(folder) as world:
        device = world.device(world.user(), expires=NOON + SEASON)
        assert code_of(device.ask(Ping())) == "OK"
        root = world.accounts.root(device.token)
        offer = world.offer()
        forms = (renewal(device), new_password(device, "a new one"))
        logins = [world.sealed_login(form_of(), offer)]
        logins += [world.proven_login(form, root, offer) for form in forms]
        copy = shutil.copytree(folder, tmp_path / "copy")
        world.clock.advance(3900)
        for login in map(parse_envelope, logins):
            wanted = decode_login(login).statement_id
            assert world.prekeys.find(wanted, world.clock.now()) is None
    with opened_world(copy) as stolen:
        found = stolen.prekeys.current(NOON)
        for login in map(parse_envelope, logins):
            sealed = decode_login(login)
            assert stolen.prekeys.find(sealed.statement_id, NOON) is None
            with pytest.raises(MalformedError):
                open_login(login, sealed, offer.statement, found.private)


# Tokens


def renewed(device: Device) -> Device:
    """Renew, as whoever has the token can."""
    world, form = device.world, renewal(device)
    root = world.accounts.root(device.token)
    answer = world.granted(world.proven_login(form, root, world.offer()), form)
    assert isinstance(answer, Grant)
    token = world.accounts.token(answer.kid)
    assert token is not None
    return Device(world, token, derive_token_keys(answer.root, answer.kid))


def asked_for(device: Device, password: str) -> str:
    """Set a new password with a token, and give what was answered."""
    world, form = device.world, new_password(device, password)
    login = world.proven_login(form, world.accounts.root(device.token), world.offer())
    return code_of(world.granted(login, form))


@pytest.fixture
def stolen(world: World) -> Device:
    """A token that is due for renewal, and that a thief has as well."""
    device = world.device(expires=NOON + SEASON)
    assert code_of(device.ask(Ping())) == "OK"
    world.clock.advance(70 * DAY)
    return device


@pytest.mark.parametrize("name", ["the line", "the stolen token", "the thief's successor"])
def test_revoking_reaches_whatever_a_thief_made_of_a_token(stolen: Device, name: str) -> None:
    """Used successors and unused ones, by whichever name."""
    world = stolen.world
    owner = world.device()
    unused, thiefs = renewed(stolen), renewed(stolen)
    assert code_of(thiefs.ask(Ping())) == "OK"
    kids = {
        "the line": stolen.token.id,
        "the stolen token": stolen.token.kid,
        "the thief's successor": thiefs.token.kid,
    }
    assert code_of(owner.ask(Revoke(kids[name]))) == "OK"
    for device in (stolen, thiefs, unused):
        assert code_of(device.ask(Ping())) == "REVOKED"
    assert code_of(owner.ask(Ping())) == "OK"


def test_a_thief_who_renews_first_is_noticed(stolen: Device) -> None:
    """The owner's device is told EXPIRED long before the end that it knows."""
    thiefs = renewed(stolen)
    assert code_of(thiefs.ask(Ping())) == "OK"
    stolen.world.clock.advance(601)
    assert code_of(stolen.ask(Ping())) == "EXPIRED"
    assert stolen.token.expires - stolen.world.clock.now() > 10 * DAY


def test_a_stolen_token_opens_nothing_of_its_successor(stolen: Device) -> None:
    """Not its requests, with the keys of before."""
    successor = renewed(stolen)
    datagram = parse_envelope(recorded(successor))
    with pytest.raises(MalformedError):
        open_sealed(stolen.keys.to_server, datagram)
    assert SECRET.encode() in open_sealed(successor.keys.to_server, datagram)


def test_what_a_stolen_full_token_minted_outlives_its_revocation(world: World) -> None:
    """It is a login of its own, which `token list` shows; a new password ends it as well."""
    owner, taken = world.device(), world.device()
    grant = taken.ask(Mint("innocent", "full", 0, fixed=False))
    assert isinstance(grant, Grant)
    token = world.accounts.token(grant.kid)
    assert token is not None
    child = Device(world, token, derive_token_keys(grant.root, grant.kid))
    assert owner.ask(Revoke(taken.token.id)) == Revoked(1)
    assert code_of(child.ask(Ping())) == "OK"
    assert asked_for(owner, "a new password") == "OK"
    assert code_of(child.ask(Ping())) == "REVOKED"


def test_a_write_only_token_can_add_and_leave_only(world: World) -> None:
    """Stolen from a scheduled job: neither a password nor another token comes of it."""
    world.user()
    cron = world.device(scopes="write")
    assert code_of(cron.put()) == "OK"
    assert code_of(cron.ask(Mint("more", "write", 0, fixed=False))) == "SCOPE"
    assert asked_for(cron, "a new one") == "SCOPE"
    assert world.hasher.compared == []
    assert cron.ask(Revoke(cron.token.id)) == Revoked(1)
