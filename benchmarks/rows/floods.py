"""What is left of others' signed writes while the server is flooded, on the same core."""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.claims import Claim
from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import Load, write_datagrams
from benchmarks.guessing import Guesser, prepare
from benchmarks.population import Person
from benchmarks.processes import resident_bytes, wait_until_idle
from benchmarks.requests import signed_entries
from benchmarks.workbench import Workbench
from diaryserver.clock import SystemClock
from protocol.envelope import KID_BYTES, TAG_BYTES, Kind, signed_part, write_header
from protocol.identifiers import EntryId
from protocol.offer import NONCE_BYTES, Hello, encode_hello

RATE: Final = 20_000.0
"""Hostile datagrams a second."""

LOGINS: Final = 50.0
"""Wrong log-ins a second, each with a password that is really tried or refused untried."""

_GUESSED: Final = "wrong log-ins"
_NAMES: Final = ("random datagrams", "forged tokens", "bad signatures", "HELLO", _GUESSED)
FLOODS: Final[Mapping[str, Claim]] = {
    name: Claim(
        f"signed entries/s during {LOGINS if name == _GUESSED else RATE:,.0f} {name} a second "
        ": undisturbed",
        0.8,
        Better.HIGHER,
    )
    for name in _NAMES
}
_SPARE_SECONDS: Final = 1.0
"""Guesses for so much longer than is measured, while the generator starts and ends."""

_DIFFERENT: Final = 4_096
_BODY_BYTES: Final = 120
_clock: Final = SystemClock()


def floods(bench: Workbench) -> Iterator[Figure]:
    """Measure undisturbed writes, and those during each flood, in turn."""
    town = bench.town
    before = resident_bytes(town.pid)
    loads: list[Load] = []
    guessers: list[Guesser] = []
    contenders: dict[str, Callable[[], Sample]] = {
        "nothing": partial(_written, bench, nullcontext())
    }
    for name, datagrams in _hostile(town.people[0]).items():
        path = bench.folder / f"{name.replace(' ', '-')}.datagrams"
        write_datagrams(path, datagrams)
        contenders[name] = partial(_flooded, bench, path, loads)
    contenders[_GUESSED] = partial(_guessed_at, bench, guessers)
    rested = {name: partial(_rested, bench, run) for name, run in contenders.items()}
    taken = take_turns(rested, bench.scale.runs)
    grown = resident_bytes(town.pid) - before
    for name, claim in FLOODS.items():
        yield claim.figure(bench.scale, taken[name], taken["nothing"])
    bench.remarks["floods"] = (
        f"The floods came at {min(load.sent_rate for load in loads):,.0f} datagrams a second at "
        f"least, the log-ins at {min(each.sent_rate for each in guessers):.0f}, of which "
        f"{sum(each.answered for each in guessers)} were answered meanwhile. "
        f"The server grew by {grown / 2**20:.1f} MiB during all floods."
    )


def _hostile(victim: Person) -> Mapping[str, list[bytes]]:
    chance = random.Random(1)
    makers: dict[str, Callable[[], bytes]] = {
        "random datagrams": partial(_random, chance),
        "forged tokens": partial(_unknown_token, chance),
        "bad signatures": partial(_badly_signed, victim),
        "HELLO": _hello,
    }
    return {name: [make() for _ in range(_DIFFERENT)] for name, make in makers.items()}


def _random(chance: random.Random) -> bytes:
    return chance.randbytes(200)


def _unknown_token(chance: random.Random) -> bytes:
    rid, now = EntryId.make(_clock.now(), chance.randbytes(10)), _clock.now()
    header = write_header(Kind.REQUEST, chance.randbytes(KID_BYTES), rid, now, _BODY_BYTES)
    return signed_part(header, chance.randbytes(_BODY_BYTES)) + chance.randbytes(TAG_BYTES)


def _badly_signed(victim: Person) -> bytes:
    [datagram] = signed_entries([victim], 1)
    return datagram[:-TAG_BYTES] + os.urandom(TAG_BYTES)


def _hello() -> bytes:
    now = _clock.now()
    hello = Hello(os.urandom(NONCE_BYTES), 1, 1)
    return encode_hello(EntryId.make(now, os.urandom(10)), now, hello)


def _rested(bench: Workbench, run: Callable[[], Sample]) -> Sample:
    # What an earlier flood left in queues is no part of this run.
    wait_until_idle(bench.town.pid)
    return run()


def _written(bench: Workbench, trouble: AbstractContextManager[object]) -> Sample:
    scale = bench.scale
    return bench.town.write_beside(trouble, scale.flood_seconds, scale.flood_entries)


def _flooded(bench: Workbench, path: Path, loads: list[Load]) -> Sample:
    return _written(bench, bench.generator.paced(path, bench.town.server.port, RATE, loads))


def _guessed_at(bench: Workbench, guessers: list[Guesser]) -> Sample:
    number = int(LOGINS * (bench.scale.flood_seconds + _SPARE_SECONDS))
    guessers.append(Guesser(prepare(bench.town.server.port, number), LOGINS))
    return _written(bench, guessers[-1])
