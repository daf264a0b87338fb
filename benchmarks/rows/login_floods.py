"""Log-ins while the server is flooded from a thousand networks, and others write all they can.

Each log-in is the client's own exchange, from an address of its own: half of them from networks in
which a log-in succeeded before, half from networks that the server never saw. In time is what a
person at a prompt would not have given up: six seconds for each half of it.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from benchmarks.claims import Claim
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Better, Figure, Sample, Series, alone
from benchmarks.generator import Load, write_datagrams
from benchmarks.processes import wait_until_idle
from benchmarks.rows.floods import RATE
from benchmarks.workbench import Workbench
from diaryclient.asking.session import Session
from diaryclient.clock import SystemClock
from diaryclient.login.granting import obtain_grant
from protocol.address import Address
from protocol.errors import DiaryError
from protocol.identifiers import EntryId, Username
from protocol.login import encode_login
from protocol.messages.forms import LoginForm
from protocol.offer import (
    COOKIE_BYTES,
    IDENTITY_BYTES,
    NONCE_BYTES,
    Hello,
    Offer,
    Statement,
    encode_hello,
)
from tests.bound_transport import BoundTransport

NETWORKS: Final = 1_000
"""127.0.0.0/24 to 127.3.231.0/24: the flood comes from all of them in turn."""

LOGINS: Final = 2
"""At once, and in each run, from known networks, and as many from new ones: a core that others have
all to themselves checks one password a second or so."""

_ALL: Final = 10
"""In five runs, as many as the scales have."""

_NAMES: Final = ("HELLO", "junk LOGIN")
_KNOWN: Final = 200
_NEW: Final = 201
"""The second byte of the addresses that log in: 127.200.1.1, and so on."""

_PASSWORD: Final = "a right password"  # noqa: S105 - of nobody
_DIFFERENT: Final = 4_096
_clock: Final = SystemClock()


def _during(name: str) -> str:
    return f"during {RATE:,.0f} {name} a second from {NETWORKS:,} networks"


KNOWN: Final[Mapping[str, Claim]] = {
    name: Claim(
        f"log-ins in time, of {_ALL} from known networks, {_during(name)}", 10, Better.HIGHER
    )
    for name in _NAMES
}
NEW: Final[Mapping[str, Claim]] = {
    name: Claim(f"log-ins in time, of {_ALL} from new networks, {_during(name)}", 8, Better.HIGHER)
    for name in _NAMES
}
WRITES: Final[Mapping[str, Claim]] = {
    name: Claim(f"signed entries/s {_during(name)}, with log-ins : undisturbed", 0.8, Better.HIGHER)
    for name in _NAMES
}
LOGIN_FLOODS: Final = tuple(
    claim for name in _NAMES for claim in (KNOWN[name], NEW[name], WRITES[name])
)


@dataclass
class _Counts:
    """What came of the runs of one flood."""

    known: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    written: list[Sample] = field(default_factory=list)


def login_floods(bench: Workbench) -> Iterator[Figure]:
    """Measure undisturbed writes, and writes and log-ins during each flood, in turn."""
    for number in range(LOGINS):
        done = bench.town.server.operate(
            "user", "add", _name(number), "--password-stdin", stdin=f"{_PASSWORD}\n"
        )
        if done.status:
            raise BenchmarkError(done.err)
    visits = _Visits(bench.town.server.port)
    if visits.in_time(_KNOWN) != LOGINS:
        raise BenchmarkError("a log-in failed before anything was flooded")
    counts = {name: _Counts() for name in _NAMES}
    undisturbed: list[Sample] = []
    loads: list[Load] = []
    paths = {name: bench.folder / f"{name.replace(' ', '-')}s.datagrams" for name in _NAMES}
    for name, make in (("HELLO", _hello), ("junk LOGIN", _junk_login)):
        write_datagrams(paths[name], [make() for _ in range(_DIFFERENT)])
    for _ in range(bench.scale.runs):
        wait_until_idle(bench.town.pid)
        undisturbed.append(_written(bench, nullcontext()))
        for name in _NAMES:
            wait_until_idle(bench.town.pid)
            with _flooded(bench, paths[name], loads, visits, counts[name]) as trouble:
                counts[name].written.append(_written(bench, trouble))
    for name in _NAMES:
        ours, scale = counts[name], bench.scale
        yield KNOWN[name].figure(scale, alone(sum(ours.known)))
        yield NEW[name].figure(scale, alone(sum(ours.new)))
        yield WRITES[name].figure(scale, Series(tuple(ours.written)), Series(tuple(undisturbed)))
    bench.remarks["login floods"] = (
        "The floods of log-ins came at "
        f"{min(load.sent_rate for load in loads):,.0f} datagrams a second at least."
    )


@contextmanager
def _flooded(
    bench: Workbench, path: Path, loads: list[Load], visits: "_Visits", counts: _Counts
) -> Iterator[AbstractContextManager[object]]:
    """Give what is to be entered while others write; wait for all log-ins at the end."""
    port = bench.town.server.port
    flood = bench.generator.paced(path, port, RATE, loads, networks=NETWORKS)
    with ThreadPoolExecutor(2) as pool, flood:
        coming: list[Future[int]] = []

        @contextmanager
        def trouble() -> Iterator[None]:
            coming.extend(pool.submit(visits.in_time, place) for place in (_KNOWN, _NEW))
            yield

        yield trouble()
        known, new = (each.result() for each in coming)
    counts.known.append(known)
    counts.new.append(new)


def _written(bench: Workbench, trouble: AbstractContextManager[object]) -> Sample:
    scale = bench.scale
    return bench.town.write_beside(trouble, 2 * scale.flood_seconds, 2 * scale.flood_entries)


def _hello() -> bytes:
    now = _clock.instant().wall
    hello = Hello(os.urandom(NONCE_BYTES), 1, 1)
    return encode_hello(EntryId.make(now, os.urandom(10)), now, hello)


def _junk_login() -> bytes:
    """Give a LOGIN whose cookie and seal prove nothing, and whose envelope is right."""
    now = _clock.instant().wall
    offer = Offer(os.urandom(COOKIE_BYTES), _statement(), bytes(64))
    return encode_login(
        EntryId.make(now, os.urandom(10)), now, offer, os.urandom(NONCE_BYTES), _form(0, bytes(32))
    )


def _statement() -> Statement:
    prekey = X25519PrivateKey.generate().public_key().public_bytes_raw()
    return Statement(os.urandom(IDENTITY_BYTES), prekey, 0, 0, 1, 1)


def _name(number: int) -> str:
    return f"visitor{number}"


def _form(number: int, key: bytes) -> LoginForm:
    return LoginForm(Username(_name(number)), _PASSWORD, b"", key, "visit", "full", 0, 1, 1)


class _Visits:
    """People who log in, each from a network of their own; new ones are new each time."""

    def __init__(self, port: int) -> None:
        """Visit the server on `port`."""
        self._address = Address("127.0.0.1", port)
        self._rounds = 0

    def in_time(self, place: int) -> int:
        """Have all log in at once from 127.`place`, and give how many succeeded in time."""
        self._rounds += place == _NEW
        first = LOGINS * self._rounds if place == _NEW else 0
        with ThreadPoolExecutor(LOGINS) as pool:
            hosts = [f"127.{place}.{first + number}.1" for number in range(LOGINS)]
            return sum(pool.map(self._logs_in, range(LOGINS), hosts))

    def _logs_in(self, number: int, host: str) -> bool:
        transport = BoundTransport(host, self._address)
        session = Session(self._address, transport, _clock, os.urandom)
        with closing(session):
            try:
                obtain_grant(
                    session,
                    self._address,
                    lambda key, _: _form(number, key),
                    lambda _: None,
                    clock=_clock,
                    chance=os.urandom,
                )
            except DiaryError:
                return False
        return True
