"""A client in thirty lines, built from `protocol` alone: datagrams by hand, to a real server."""

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from diaryserver.clock import SystemClock
from protocol.address import Address
from protocol.channel import open_reply, seal_request
from protocol.envelope import TAG_BYTES, parse_envelope
from protocol.identifiers import EntryId, Username
from protocol.keys import TokenKeys, derive_token_keys
from protocol.login import encode_login, open_grant
from protocol.messages.account import Grant
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.coding import decode_reply
from protocol.messages.forms import LoginForm
from protocol.messages.table import BY_REQUEST
from protocol.messages.writing import Put
from protocol.offer import NONCE_BYTES, Hello, Offer, decode_offer, encode_hello, verify_offer

PATIENCE: Final = 10.0
QUIET: Final = 0.2
"""Seconds in which loopback would have brought what is under way."""

_clock: Final = SystemClock()


def now() -> int:
    """Give ms since the epoch."""
    return _clock.now()


def new_id() -> EntryId:
    """Give a fresh id."""
    return EntryId.make(now(), os.urandom(10))


class Wire:
    """A connected socket: the kernel hands it only what comes from the address that was asked."""

    def __init__(self, address: str) -> None:
        """Connect; nothing is sent."""
        parsed = Address.parse(address)
        family = socket.AF_INET6 if ":" in parsed.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect((parsed.host, parsed.port))

    def send(self, datagram: bytes) -> None:
        """Send one."""
        self.socket.send(datagram)

    def receive(self, patience: float = PATIENCE) -> bytes | None:
        """Give the next datagram, or None if none comes."""
        readable, _, _ = select.select([self.socket], [], [], patience)
        return self.socket.recv(65_535) if readable else None

    def exchange(self, datagram: bytes) -> bytes:
        """Send one and give its answer."""
        self.send(datagram)
        answer = self.receive()
        assert answer is not None, "no answer"
        assert parse_envelope(answer).rid == parse_envelope(datagram).rid
        return answer

    def hello(self, nonce: bytes) -> Offer:
        """Say HELLO."""
        answer = self.exchange(encode_hello(new_id(), now(), Hello(nonce, 1, 1)))
        offer = decode_offer(parse_envelope(answer))
        verify_offer(offer)
        return offer

    def login(self, user: str, password: str, invite: bytes = b"") -> "Token | Refusal":
        """Log in."""
        form = LoginForm(Username(user), password, invite, os.urandom(32), "test", "full", 0, 1, 1)
        grant = self.answer_to(form)
        if isinstance(grant, Refusal):
            return grant
        return Token(self, derive_token_keys(grant.root, grant.kid))

    def answer_to(self, form: LoginForm) -> "Grant | Refusal":
        """Log in with a form and give what the GRANT says."""
        nonce = os.urandom(NONCE_BYTES)
        login = encode_login(new_id(), now(), self.hello(nonce), nonce, form)
        answer = open_grant(form.key, parse_envelope(login), parse_envelope(self.exchange(login)))
        return decode_reply(Grant, answer)

    def token(self, user: str, password: str) -> "Token":
        """Log in, which must succeed."""
        token = self.login(user, password)
        assert isinstance(token, Token)
        return token


class Token:
    """A login on a wire."""

    def __init__(self, wire: Wire, keys: TokenKeys) -> None:
        """`keys` come of the GRANT."""
        self.wire = wire
        self.keys = keys

    def request(self, request: Request, rid: EntryId | None = None) -> bytes:
        """Give a request's datagram."""
        return seal_request(self.keys, rid or new_id(), now(), request)

    def opened(self, reply: bytes, datagram: bytes, request: Request) -> Reply | Refusal:
        """Open the answer to a datagram."""
        plaintext = open_reply(self.keys, parse_envelope(reply), datagram[-TAG_BYTES:])
        return decode_reply(BY_REQUEST[type(request)].reply, plaintext)

    def ask(self, request: Request, rid: EntryId | None = None) -> Reply | Refusal:
        """Ask and give the answer."""
        datagram = self.request(request, rid)
        return self.opened(self.wire.exchange(datagram), datagram, request)

    def put(self, text: str, rid: EntryId | None = None, at: int | None = None) -> Reply | Refusal:
        """Write an entry."""
        return self.ask(Put(now() if at is None else at, 0, text), rid)


@contextmanager
def wire_to(address: str) -> Iterator[Wire]:
    """Give a wire to a server's address."""
    wire = Wire(address)
    try:
        yield wire
    finally:
        wire.socket.close()


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Give every file's bytes and every folder below `folder`."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
