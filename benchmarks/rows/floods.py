"""What is left of others' signed writes while the server is flooded, on the same core."""

import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.figures import Better, Figure, Sample, take_turns
from benchmarks.generator import MOST_SECONDS, write_datagrams
from benchmarks.population import Person
from benchmarks.processes import resident_bytes, running, wait_for, wait_until_idle
from benchmarks.requests import signed_entries
from benchmarks.workbench import Workbench
from diaryserver.clock import SystemClock
from protocol.envelope import KID_BYTES, TAG_BYTES, Kind, signed_part, write_header
from protocol.identifiers import EntryId
from protocol.offer import NONCE_BYTES, Hello, encode_hello

RATE: Final = 20_000.0
"""Hostile datagrams a second."""

LOGINS: Final = 50
"""Wrong log-ins a second, each with a password that is really tried or refused untried."""

_DIFFERENT: Final = 4_096
_BODY_BYTES: Final = 120
_clock: Final = SystemClock()


def floods(bench: Workbench) -> Iterator[Figure]:
    """Measure undisturbed writes, and those during each flood, in turn."""
    town = bench.town
    before = resident_bytes(town.pid)
    contenders: dict[str, Callable[[], Sample]] = {"nothing": partial(_written, bench)}
    for name, datagrams in _hostile(town.people[0]).items():
        path = bench.folder / f"{name.replace(' ', '-')}.datagrams"
        write_datagrams(path, datagrams)
        contenders[name] = partial(_flooded, bench, path)
    contenders["wrong log-ins"] = partial(_guessed_at, bench)
    rested = {name: partial(_rested, bench, run) for name, run in contenders.items()}
    taken = take_turns(rested, bench.scale.runs)
    grown = resident_bytes(town.pid) - before
    for name in contenders:
        if name == "nothing":
            continue
        rate = LOGINS if name == "wrong log-ins" else int(RATE)
        yield Figure(
            f"signed entries/s during {rate:,} {name} a second : undisturbed",
            taken[name],
            taken["nothing"],
            0.8,
            Better.HIGHER,
        )
    bench.remarks["floods"] = f"The server grew by {grown / 2**20:.1f} MiB during all floods."


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


def _written(bench: Workbench) -> Sample:
    return bench.town.write_for(bench.scale.flood_seconds, bench.scale.entries)


def _flooded(bench: Workbench, path: Path) -> Sample:
    port = bench.town.server.port
    with bench.generator.paced(path, port, rate=RATE, seconds=MOST_SECONDS):
        return _written(bench)


def _guessed_at(bench: Workbench) -> Sample:
    log = bench.folder / "guesses"
    words = [sys.executable, "-m", "benchmarks.guessing", bench.town.server.port, LOGINS]
    with running(list(map(str, words)), bench.cores.load, log) as process:
        # Writes are measured while passwords are tried, not before the first has arrived.
        wait_for(log, r"began\n", process)
        sample = _written(bench)
    counted = wait_for(log, r"guessed (\d+) answered (\d+)\n", process)
    bench.remarks["guesses"] = (
        f"In the last flood of log-ins {counted[1]} were tried and {counted[2]} answered."
    )
    return sample
