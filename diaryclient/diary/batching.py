"""Stores many entries: as many in one datagram as fit, several datagrams in flight.

Rules: given by time, entries of one time keep their order on the server, so a batch that begins
with the time that the last one ended with waits for that one. What the server cannot take yet is
sent again alone, patiently, before anything later; and what no batch holds is sent alone at once.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from diaryclient.asking.asker import Asker
from protocol.envelope import MAX_PLAINTEXT
from protocol.errors import NOT_YET, REFUSALS, ErrorCode, MalformedError, RefusedError
from protocol.messages.batch import MAX_BATCH_ROWS, Batch, Batched, EntryRow, ResultRow
from protocol.messages.writing import MAX_TEXT_BYTES, Put, Stored

_AROUND: Final = 18
"""Bytes of a batch beside its rows, at most: the map, its names, the length of the list."""

_BESIDE_TEXT: Final = 35
"""Bytes of a row beside its text, at most: list 1, id 18, time 9, offset 3, length 3, star 1."""

_ITS_OWN: Final = frozenset({ErrorCode.OK, ErrorCode.CONFLICT, ErrorCode.INVALID})
"""What concerns one entry; any other code would meet those after it too."""


def store_rows(asker: Asker, rows: Iterable[EntryRow]) -> Iterator[tuple[EntryRow, ResultRow]]:
    """Send entries, given by time, and give each with OK, CONFLICT or INVALID.

    Raise the server's RefusedError for any other code, or as `Asker.ask`; what was not given until
    then may be stored or not, and the same ids can be sent again.
    """
    for is_long, group in groupby(rows, _is_long):
        if is_long:
            yield from ((row, _store_alone(asker, row)) for row in group)
        else:
            yield from _store_short(asker, group)


def _is_long(row: EntryRow) -> bool:
    return len(row.text.encode()) > MAX_TEXT_BYTES


def _store_short(asker: Asker, rows: Iterable[EntryRow]) -> Iterator[tuple[EntryRow, ResultRow]]:
    for wave in _waves(_batches(rows)):
        late: list[EntryRow] = []
        for batch, answer in asker.ask_many(wave, Batched):
            results = list(zip(batch.rows, _results(batch, answer), strict=True))
            late += [row for row, result in results if result.code in NOT_YET]
            yield from (each for each in results if each[1].code in _ITS_OWN)
            _refuse_others(result for _, result in results)
        for row in sorted(late, key=lambda each: each.at):
            yield row, _store_alone(asker, row)


def _batches(rows: Iterable[EntryRow]) -> Iterator[Batch]:
    collected: list[EntryRow] = []
    size = _AROUND
    for row in rows:
        needed = _BESIDE_TEXT + len(row.text.encode())
        if collected and (size + needed > MAX_PLAINTEXT or len(collected) == MAX_BATCH_ROWS):
            yield Batch(tuple(collected))
            collected, size = [], _AROUND
        collected.append(row)
        size += needed
    if collected:
        yield Batch(tuple(collected))


def _waves(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    wave: list[Batch] = []
    for batch in batches:
        if wave and wave[-1].rows[-1].at == batch.rows[0].at:
            yield wave
            wave = []
        wave.append(batch)
    if wave:
        yield wave


def _results(batch: Batch, answer: Batched | RefusedError) -> tuple[ResultRow, ...]:
    if isinstance(answer, RefusedError):
        if answer.code not in NOT_YET:
            raise answer
        return (ResultRow(answer.code, dup=False),) * len(batch.rows)
    if len(answer.rows) != len(batch.rows):
        raise MalformedError("the server answers for other entries than were sent")
    return answer.rows


def _refuse_others(results: Iterable[ResultRow]) -> None:
    for result in results:
        if result.code not in _ITS_OWN | NOT_YET:
            raise REFUSALS[result.code]


def _store_alone(asker: Asker, row: EntryRow) -> ResultRow:
    try:
        answer = asker.ask(Put(row.at, row.off, row.text, row.star), Stored, rid=row.id)
    except RefusedError as error:
        if error.code not in _ITS_OWN:
            raise
        return ResultRow(error.code, dup=False)
    return ResultRow(ErrorCode.OK, answer.dup)
