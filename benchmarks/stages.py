"""Where the time of a `put` goes: each stage by itself, in one thread, us for one entry.

    python -m benchmarks.stages

Rules: the least of many repetitions, since whatever else runs on a machine only adds; what waits
for a disk or goes through a kernel is said to do so. The sum is less than a server's CPU time for
one request: there, two threads also take turns at the interpreter.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, cast

from benchmarks.population import Person, populate
from benchmarks.requests import signed_entries
from benchmarks.town import WINDOW
from diaryserver.engine import open_entries
from diaryserver.service.door import read_request
from diaryserver.service.ports.entries import Writing, new_entry
from diaryserver.store.days.written_form import format_writing
from diaryserver.store.files import FileEntryStore
from diaryserver.store.journal.records import Line, encode_record
from protocol.channel import seal_reply
from protocol.envelope import parse_envelope
from protocol.identifiers import EntryId
from protocol.keys import open_authentic
from protocol.messages.writing import Put, Stored
from protocol.packing import unpack
from protocol.stamp import Stamp

REPETITIONS: Final = 15
_BUILD: Final = Path(__file__).parents[1] / "build"


def main() -> None:
    """Print the table."""
    _BUILD.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=_BUILD, prefix="stages-") as temporary:
        people = populate(Path(temporary) / "data", WINDOW)
        for name, microseconds in [*_stages(people), *_stores(Path(temporary) / "data", people)]:
            sys.stdout.write(f"{microseconds:8.2f}  {name}\n")


def _stages(people: Sequence[Person]) -> list[tuple[str, float]]:
    keys = people[0].keys
    [datagram] = signed_entries(people[:1], 1)
    envelope = parse_envelope(datagram)
    plaintext = open_authentic(keys.to_server, envelope)
    append = _append(people[0], plaintext, envelope.rid)
    line = Line(append.user, append.stamp.day, 0, append.id, format_writing(append))
    answer = Stored(append.stamp.day, dup=False)
    return [
        ("receive and send on loopback, both ends (kernel)", _least(_round_trip(datagram))),
        ("parse the envelope", _least(lambda: parse_envelope(datagram))),
        ("check the HMAC", _least(lambda: keys.to_server.is_authentic(envelope))),
        ("decrypt", _least(lambda: open_authentic(keys.to_server, envelope))),
        ("unpack strictly", _least(lambda: unpack(plaintext))),
        ("unpack and validate", _least(lambda: read_request(plaintext))),
        ("a task, a future and their callbacks", _tasks()),
        ("format the line", _least(lambda: format_writing(append))),
        ("encode the journal's record", _least(lambda: encode_record(1, 1, line))),
        ("encode, seal and sign the answer", _least(lambda: seal_reply(keys, envelope, 1, answer))),
    ]


def _stores(data: Path, people: Sequence[Person]) -> list[tuple[str, float]]:
    with open_entries(data) as entries:
        many = _batches(entries, people)
        one = _batches(entries, people[:1])
    return [
        (f"store a batch of {WINDOW}, one user (disk; 1/{WINDOW} of a sync)", one),
        (f"store a batch of {WINDOW}, {WINDOW} users (disk; 1/{WINDOW} of a sync)", many),
    ]


def _append(person: Person, plaintext: bytes, entry_id: EntryId) -> Writing:
    put = cast("Put", read_request(plaintext)[1])
    stamp = Stamp(put.at, put.off)
    return new_entry(person.name, entry_id, stamp, put.text, put.star, entry_id.milliseconds)


def _batches(entries: FileEntryStore, people: Sequence[Person]) -> float:
    times = []
    for _ in range(REPETITIONS):
        batch = []
        for number, datagram in enumerate(signed_entries(people, WINDOW)):
            person, envelope = people[number % len(people)], parse_envelope(datagram)
            plaintext = open_authentic(person.keys.to_server, envelope)
            batch.append(_append(person, plaintext, envelope.rid))
        before = perf_counter()
        entries.append_batch(batch)
        times.append(perf_counter() - before)
    return 1e6 * min(times) / WINDOW


def _least(stage: Callable[[], object], number: int = 2_000) -> float:
    times = []
    for _ in range(REPETITIONS):
        before = perf_counter()
        for _ in range(number):
            stage()
        times.append(perf_counter() - before)
    return 1e6 * min(times) / number


def _round_trip(datagram: bytes) -> Callable[[], object]:
    near, far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for end in (near, far):
        end.bind(("127.0.0.1", 0))
    place = far.getsockname()

    def call() -> None:
        near.sendto(datagram, place)
        received, _, _, sender = far.recvmsg(65_535, 256)
        far.sendmsg([received], [], 0, sender)
        near.recv(2_048)

    return call


def _tasks(number: int = 256) -> float:
    async def wait_for(future: asyncio.Future[None]) -> None:
        await future

    async def once() -> float:
        loop = asyncio.get_running_loop()
        before = perf_counter()
        futures = [loop.create_future() for _ in range(number)]
        tasks = [asyncio.create_task(wait_for(future)) for future in futures]
        for task in tasks:
            task.add_done_callback(lambda _: None)
        await asyncio.sleep(0)
        for future in futures:
            future.set_result(None)
        await asyncio.wait(tasks)
        return perf_counter() - before

    return 1e6 * min(asyncio.run(once()) for _ in range(REPETITIONS)) / number


if __name__ == "__main__":
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    main()
