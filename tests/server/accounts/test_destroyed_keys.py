"""A master key that housekeeping destroys between two lines of the service: an unknown token."""

from typing import Final

import pytest

from diaryserver.accounts.database import SqliteAccounts
from diaryserver.service.counters import Drop
from diaryserver.service.ports.accounts import Token
from protocol.messages.account import Ping
from protocol.messages.forms import PasswordForm, ProvenForm, RenewalForm
from tests.server.fakes import NOON
from tests.server.world import PASSWORD, REPLY_KEY, World, code_of

KID: Final = (1).to_bytes(8, "big")
"""Of the first device of a world."""


class DestroyingAccounts:
    """Accounts whose housekeeping, in its other thread, is always a moment ahead of the service."""

    def __init__(self, accounts: SqliteAccounts) -> None:
        self._accounts = accounts

    def __getattr__(self, name: str) -> object:
        return getattr(self._accounts, name)

    def root(self, token: Token) -> bytes:
        """Rotate and destroy the key that the root of a token already found hangs on."""
        self._accounts.rotate(NOON, NOON)
        self._accounts.sweep(NOON)
        return self._accounts.root(token)


@pytest.fixture
def racing(world: World) -> World:
    """A world whose keys go whenever they are needed."""
    accounts = DestroyingAccounts(world.accounts)
    world.serve_requests(accounts)  # type: ignore[arg-type]
    world.serve_logins(accounts, world.hasher)  # type: ignore[arg-type]
    return world


def test_a_request_is_one_of_an_unknown_token(racing: World) -> None:
    """Silence, counted; the next request is looked at as ever."""
    device = racing.device()
    assert racing.send(device.request(Ping())) == []
    assert racing.dropped(Drop.UNKNOWN_TOKEN) == 1
    assert racing.send(device.request(Ping())) == []
    assert racing.dropped(Drop.UNKNOWN_TOKEN) == 2


@pytest.mark.parametrize(
    "form",
    [
        RenewalForm(KID, bytes(32), REPLY_KEY, 1, 1),
        PasswordForm(
            KID,
            bytes(32),
            PASSWORD,
            "another secret",
            keep=False,
            key=REPLY_KEY,
            lowest=1,
            highest=1,
        ),
    ],
    ids=["renewal", "password"],
)
def test_a_proof_is_one_of_an_unknown_token(racing: World, form: ProvenForm) -> None:
    """Refused like any that proves nothing."""
    device = racing.device()
    root = racing.accounts.root(device.token)
    login = racing.proven_login(form, root, racing.offer())
    assert device.token.kid == KID
    assert code_of(racing.granted(login, form)) == "DENIED"
    assert racing.dropped(Drop.BAD_PROOF) == 1
