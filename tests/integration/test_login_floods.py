"""Log-ins while a real server is flooded with HELLOs and LOGINs that nobody means."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Final

import pytest

from diaryclient.asking.session import Session
from diaryclient.clock import SystemClock
from diaryclient.login.granting import obtain_grant
from protocol.address import Address
from protocol.identifiers import Username
from protocol.login import encode_login
from protocol.messages.account import Grant, Ping
from protocol.messages.forms import LoginForm
from protocol.offer import COOKIE_BYTES, NONCE_BYTES, Hello, Offer, encode_hello
from tests.bound_transport import BoundTransport
from tests.integration.wire import Token, Wire, new_id, now
from tests.programs import PASSWORD, PATIENCE_SECONDS, Server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.7.1 is no address there")

NETWORKS: Final = 300
MOST: Final = 20_000_000
"""Datagrams, should nobody end the flood: more than can be sent while a log-in is tried."""

MANY: Final = 20_000
"""After so many every queue that they wait in is full."""

PINGS: Final = 50
"""Hostile datagrams for each signed request, which keep the server busy."""


def log_in(server: Server, host: str) -> Grant:
    """Log in with the password from an address, with more patience than at a prompt."""
    address, clock = Address.parse(server.address), SystemClock()
    session = Session(address, BoundTransport(host, address), clock, os.urandom)
    with closing(session):
        grant, _ = obtain_grant(
            session,
            address,
            lambda key, _: LoginForm(Username("alice"), PASSWORD, b"", key, "x", "full", 0, 1, 1),
            lambda _: None,
            clock=clock,
            chance=os.urandom,
            patience=2 * PATIENCE_SECONDS,
        )
    return grant


@contextmanager
def flooded(server: Server, token: Token, offer: Offer) -> Iterator[None]:
    """Send HELLOs and LOGINs with forged cookies as fast as can be, and signed requests too."""
    nonce = os.urandom(NONCE_BYTES)
    forged = Offer(os.urandom(COOKIE_BYTES), offer.statement, offer.signature)
    form = LoginForm(Username("alice"), "guessed", b"", bytes(32), "x", "full", 0, 1, 1)
    junk = [
        encode_hello(new_id(), now(), Hello(nonce, 1, 1)),
        encode_login(new_id(), now(), forged, nonce, form),
    ]
    is_rising, is_over = threading.Event(), threading.Event()
    with ExitStack() as stack:
        sources = [
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            for _ in range(NETWORKS)
        ]
        for number, source in enumerate(sources):
            source.bind((f"127.{100 + number // 250}.{number % 250}.1", 0))
            source.connect(("127.0.0.1", server.port))

        def flood() -> None:
            for number in range(MOST):
                if is_over.is_set():
                    return
                if number == MANY:
                    is_rising.set()
                sources[number % NETWORKS].send(junk[number // NETWORKS % 2])
                if number % PINGS == 0:
                    token.wire.send(token.request(Ping()))

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            assert is_rising.wait(PATIENCE_SECONDS)
            yield
        finally:
            is_over.set()
            thread.join()


def test_a_known_network_logs_in_under_a_flood(shared: Server, wire: Wire) -> None:
    """From any address of it; a hundred thousand datagrams a second of others stop nobody there."""
    token = wire.token("alice", PASSWORD)
    log_in(shared, "127.0.7.1")
    with flooded(shared, token, wire.hello(os.urandom(NONCE_BYTES))):
        grant = log_in(shared, "127.0.7.77")
    assert grant.scopes == "full"
