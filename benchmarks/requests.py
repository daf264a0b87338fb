"""Datagrams made beforehand, for a moment of the server's clock, and the answers to them opened."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, cycle, islice
from pathlib import Path
from struct import Struct
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.population import Person
from diaryserver.clock import SystemClock
from protocol.channel import open_reply, seal_request
from protocol.envelope import TAG_BYTES, parse_envelope
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.batch import Batch, Batched, EntryRow
from protocol.messages.coding import decode_reply
from protocol.messages.table import BY_REQUEST
from protocol.messages.writing import Put

TEXT: Final = "Walked along the river with the dog, and it rained all the way home. "
"""An entry as people write them; 16 letters follow by which the answer to a plain text is known."""

ENTRIES_A_BATCH: Final = 9
"""As many texts of 85 bytes as a datagram holds, each with its id and time."""

OPENED_ANSWERS: Final = 100
"""So many of a run are decrypted; that all have the same length is checked for every one."""

_DAY_MILLISECONDS: Final = 86_400_000
_HEAD: Final = Struct("=IH")
_clock: Final = SystemClock()


def texts(number: int) -> list[str]:
    """Give texts of 85 bytes that differ."""
    return [TEXT + os.urandom(8).hex() for _ in range(number)]


def signed_entries(people: Sequence[Person], number: int, days_ago: int = 0) -> list[bytes]:
    """Sign and encrypt an entry for each in turn, to be sent within two minutes."""
    at = _clock.now() - days_ago * _DAY_MILLISECONDS
    return signed(people, (Put(at, 0, text) for text in texts(number)))


def batches(number: int) -> list[Batch]:
    """Give batches of so many entries in all."""
    now = _clock.now()
    rows = [
        EntryRow(entry_id, now, 0, text, star=False)
        for entry_id, text in zip(_ids(now), texts(number), strict=False)
    ]
    starts = range(0, number, ENTRIES_A_BATCH)
    return [Batch(tuple(rows[start : start + ENTRIES_A_BATCH])) for start in starts]


def signed(people: Sequence[Person], requests: Iterable[Request]) -> list[bytes]:
    """Sign and encrypt requests, one of each person in turn."""
    now = _clock.now()
    return [
        seal_request(person.keys, entry_id, now, request)
        for person, request, entry_id in zip(cycle(people), requests, _ids(now), strict=False)
    ]


def _ids(now: int) -> Iterator[EntryId]:
    """Draw ids in order, as a client does that draws them one after the other.

    By the counter of RFC 9562, section 6.2: 4,096 in a millisecond.
    """
    for number in count():
        counter = (number % 4096).to_bytes(2, "big")
        yield EntryId.make(now + number // 4096, counter + os.urandom(8))


def check_answers(
    replies: Path,
    expected: int,
    datagrams: Sequence[bytes],
    people: Sequence[Person],
    kind: type[Request],
) -> None:
    """Raise BenchmarkError unless so many requests of this kind were answered, and all granted.

    `people` are those who signed, in turn. Of batches every answer is opened.
    """
    answers = list(_answers(replies.read_bytes()))
    if len(answers) != expected:
        raise BenchmarkError(f"{len(answers)} answers were kept of {expected}")
    if kind is Batch:
        step = 1
    elif len({len(answer) for _, answer in answers}) > 1:
        raise BenchmarkError("some answers differ from the others")
    else:
        step = max(1, len(answers) // OPENED_ANSWERS)
    for number, answer in islice(answers, 0, None, step):
        keys, tag = people[number % len(people)].keys, datagrams[number][-TAG_BYTES:]
        plaintext = open_reply(keys, parse_envelope(answer), tag)
        _check(decode_reply(BY_REQUEST[kind].reply, plaintext))


def _check(reply: Reply | Refusal) -> None:
    if isinstance(reply, Refusal):
        raise BenchmarkError(f"the server refused: {reply.code} {reply.note}")
    if isinstance(reply, Batched):
        refused = {row.code for row in reply.rows} - {ErrorCode.OK}
        if refused:
            raise BenchmarkError(f"the server refused entries of a batch: {sorted(refused)}")


def _answers(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        number, length = _HEAD.unpack_from(data, position)
        position += _HEAD.size
        yield number, data[position : position + length]
        position += length
