"""A server that dies between keeping a log-in and answering it: the client's next try gets it.

The real program kills itself there (`DIARY_DEBUG_DIE_AT=token-kept`) and is started again, while
the client's own exchange, with more patience than at a prompt, goes on asking.
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from diaryclient.asking.handshake import Filler
from diaryclient.asking.link import open_session
from diaryclient.clock import SystemClock
from diaryclient.login.granting import obtain_grant
from diaryserver.announcing.steps import DIE_AT_VARIABLE, Step
from protocol.address import Address
from protocol.identifiers import Username
from protocol.identity import parse_fingerprint
from protocol.invite import parse_invite
from protocol.keys import derive_token_keys
from protocol.login import prove
from protocol.messages.account import Grant, Identity, Ping, TokenList, Tokens
from protocol.messages.base import Refusal
from protocol.messages.forms import LoginForm, PasswordForm, RenewalForm
from protocol.messages.padding import padded
from tests.integration.wire import Token, Wire, wire_to
from tests.programs import PASSWORD, PATIENCE_SECONDS, Server, start_server

NEW: Final = "chosen by alice"
LONG: Final = 2.0 * PATIENCE_SECONDS
"""Seconds for a half of the log-in: a start may take long on busy cores."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that dies after the next log-in that it keeps."""
    running = start_server(tmp_path / "server")
    yield running
    running.stop()


def doomed(server: Server, number: int = 1) -> None:
    """Have it die at so many kept log-ins from now."""
    server.restart("env", f"{DIE_AT_VARIABLE}={Step.TOKEN_KEPT}:{number}")


def granted_over_a_death(server: Server, fill: Filler) -> Grant:
    """Log in to a doomed server, and start it again when it is dead."""
    with closing(open_session(Address.parse(server.address), SystemClock(), os.urandom)) as session:
        obtain = partial(
            obtain_grant,
            session,
            Address.parse(server.address),
            fill,
            lambda _: None,
            clock=SystemClock(),
            chance=os.urandom,
            patience=LONG,
        )
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(obtain)
            assert server.process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
            server.restart()
            grant, shown = coming.result(2 * LONG)
    assert parse_fingerprint(shown) == parse_fingerprint(server.operate("fingerprint").out.strip())
    return grant


def invited(code: bytes, password: str, key: bytes, _: bytes = b"") -> LoginForm:
    """Give the form that spends an invite, or with an empty `code` that of a log-in."""
    return LoginForm(Username("alice"), password, code, key, "test", "full", 0, 1, 1)


def token_on(wire: Wire, grant: Grant) -> Token:
    """Give what a GRANT lets one do."""
    return Token(wire, derive_token_keys(grant.root, grant.kid))


def kept(token: Token) -> int:
    """Give how many lines alice has."""
    listed = token.ask(padded(Tokens(b"")))
    assert isinstance(listed, TokenList)
    return len(listed.rows)


def logged_in(wire: Wire) -> tuple[bytes, bytes]:
    """Log in with a password, use the token, and give its key id and root."""
    grant = wire.answer_to(invited(b"", PASSWORD, os.urandom(32)))
    assert isinstance(grant, Grant)
    assert isinstance(token_on(wire, grant).ask(Ping()), Identity)
    return grant.kid, grant.root


def test_an_invite_whose_answer_died_with_the_server_is_granted(server: Server) -> None:
    """One line, which works; the new password holds, and nobody else gets in by the invite."""
    code = parse_invite(server.invite("alice")).code
    doomed(server)
    grant = granted_over_a_death(server, partial(invited, code, NEW))
    with wire_to(server.address) as wire:
        token = token_on(wire, grant)
        assert isinstance(token.ask(Ping()), Identity)
        assert kept(token) == 1
        assert isinstance(wire.login("alice", "chosen by eve", code), Refusal)
        assert isinstance(wire.login("alice", NEW), Token)


def test_a_new_password_whose_answer_died_with_the_server_is_granted(server: Server) -> None:
    """The successor works, the new password holds, the old one is worth nothing."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        kid, root = logged_in(wire)
        doomed(server)

        def fill(key: bytes, binding: bytes) -> PasswordForm:
            proof = prove(root, PasswordForm, kid, key, binding)
            return PasswordForm(kid, proof, PASSWORD, NEW, False, key, 1, 1)  # noqa: FBT003 - `keep`

        grant = granted_over_a_death(server, fill)
        token = token_on(wire, grant)
        assert isinstance(token.ask(Ping()), Identity)
        assert kept(token) == 1
        assert isinstance(wire.login("alice", PASSWORD), Refusal)
        assert isinstance(wire.login("alice", NEW), Token)


def test_a_renewal_whose_answer_died_with_the_server_is_granted(server: Server) -> None:
    """Another successor is, and the token that is renewed lives on meanwhile."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        kid, root = logged_in(wire)
        rotated = server.operate("key", "rotate", "--yes")
        assert rotated.status == 0, rotated.err
        doomed(server)

        def fill(key: bytes, binding: bytes) -> RenewalForm:
            return RenewalForm(kid, prove(root, RenewalForm, kid, key, binding), key, 1, 1)

        grant = granted_over_a_death(server, fill)
        old = Token(wire, derive_token_keys(root, kid))
        assert isinstance(old.ask(Ping()), Identity)
        assert isinstance(token_on(wire, grant).ask(Ping()), Identity)
        assert kept(old) == 1
