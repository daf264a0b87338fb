"""Somebody guesses passwords: real log-ins, all of them wrong, from many networks.

Rules: cookies are fetched and forms sealed beforehand, so that sending them takes nothing from the
generator whose core this shares; a cookie lives for a minute, so guesses are made just before they
are sent.
"""

import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from benchmarks.errors import BenchmarkError
from diaryserver.clock import SystemClock
from protocol.envelope import parse_envelope
from protocol.identifiers import EntryId, Username
from protocol.login import encode_login
from protocol.messages.forms import LoginForm
from protocol.offer import NONCE_BYTES, Hello, Offer, decode_offer, encode_hello

NETWORKS: Final = 200
"""127.1.0.0/24 to 127.1.199.0/24: a throttle of one network stops none of the others."""

_OFFER_SECONDS: Final = 0.3
_ATTEMPTS: Final = 30
"""A server that has just been flooded with HELLOs is silent for two seconds."""

_LARGEST: Final = 2048
_clock: Final = SystemClock()


@dataclass(frozen=True, slots=True)
class Guess:
    """A LOGIN that is ready to be sent from the address that its cookie is for."""

    source: socket.socket
    datagram: bytes


def prepare(port: int, number: int) -> list[Guess]:
    """Fetch what so many guesses at the server on `port` need; raise if it makes no offers."""
    sources = [_source(network, port) for network in range(min(number, NETWORKS))]
    return [_guess(sources[index % NETWORKS], index % NETWORKS) for index in range(number)]


class Guesser:
    """While it is entered, sends each guess once, at a rate; their sockets are closed at the end.

    Afterwards `sent_rate` says how many a second were sent, `answered` how many answers have come.
    It can be entered once.
    """

    def __init__(self, guesses: Sequence[Guess], rate: float) -> None:
        """Send nothing yet; `rate` is a second."""
        self.sent_rate = 0.0
        self.answered = 0
        self._rate = rate
        self._guesses = guesses
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> Self:
        """Begin, with the first guess."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Send no more, and count what was answered until now."""
        self._stopping.set()
        self._thread.join()
        sources = {guess.source for guess in self._guesses}
        self.answered = sum(map(_arrived, sources))
        for source in sources:
            source.close()

    def _send(self) -> None:
        began = time.perf_counter()
        sent = 0
        for guess in self._guesses:
            guess.source.send(guess.datagram)
            sent += 1
            if self._stopping.wait(max(0.0, began + sent / self._rate - time.perf_counter())):
                break
        self.sent_rate = sent / max(sent / self._rate, time.perf_counter() - began)


def _source(network: int, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((f"127.1.{network}.1", 0))
    made.connect(("127.0.0.1", port))
    made.settimeout(_OFFER_SECONDS)
    return made


def _guess(source: socket.socket, number: int) -> Guess:
    now, nonce = _clock.now(), os.urandom(NONCE_BYTES)
    rid = EntryId.make(now, os.urandom(10))
    offer = _offer(source, encode_hello(rid, now, Hello(nonce, 1, 1)))
    user = Username(f"u{number}")
    form = LoginForm(user, "a wrong password", b"", os.urandom(32), "guess", "full", 0, 1, 1)
    return Guess(source, encode_login(rid, now, offer, nonce, form))


def _offer(source: socket.socket, hello: bytes) -> Offer:
    for _ in range(_ATTEMPTS):
        source.send(hello)
        with suppress(TimeoutError):
            return decode_offer(parse_envelope(source.recv(_LARGEST)))
    raise BenchmarkError("the server makes no offer to those who would guess a password")


def _arrived(source: socket.socket) -> int:
    number = 0
    source.setblocking(False)  # noqa: FBT003 - the function takes it so
    with suppress(BlockingIOError):
        while source.recv(_LARGEST):
            number += 1
    return number
