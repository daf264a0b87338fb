"""What the benchmark counts was really done: refusals and losses stop it."""

import os
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.population import populate
from benchmarks.readback import check_stored
from benchmarks.requests import ENTRIES_A_BATCH, batches, check_answers, signed, texts
from benchmarks.scale import FULL, QUICK, Scale
from diaryserver.configuration import QuotaSection
from diaryserver.service.quotas import MAX_DAY_BYTES
from protocol.channel import seal_reply
from protocol.dayfile import Written, format_record
from protocol.envelope import MAX_DATAGRAM, parse_envelope
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from protocol.messages.batch import Batch, Batched, ResultRow
from protocol.stamp import Stamp

NOW = 1_790_000_000_000
DATE = "2026-09-21"


def an_id() -> EntryId:
    """Give a fresh one."""
    return EntryId.make(NOW, os.urandom(10))


@pytest.fixture
def stored(tmp_path: Path) -> list[EntryId]:
    """Three entries in the diaries of two users."""
    ids = [an_id() for _ in range(3)]
    records = [format_record(Written(Stamp(NOW, 0), each, "Rain.")) for each in ids]
    for user, written in (("u0", records[:2]), ("u1", records[2:])):
        folder = tmp_path / "diaries" / user
        folder.mkdir(parents=True)
        (folder / f"{DATE}.log").write_bytes(b"".join(written))
    return ids


def test_what_stands_in_the_day_files_is_found(tmp_path: Path, stored: list[EntryId]) -> None:
    """Whoever wrote it, and on whatever day."""
    check_stored(tmp_path, ["u0", "u1"], stored)


def test_an_acknowledged_entry_that_is_in_no_day_file_is_an_error(
    tmp_path: Path, stored: list[EntryId]
) -> None:
    """A server that loses entries has no figure; nor does half a line count."""
    torn = an_id()
    with (tmp_path / "diaries" / "u1" / f"{DATE}.log").open("ab") as file:
        file.write(format_record(Written(Stamp(NOW, 0), torn, "Rain."))[:-1])
    with pytest.raises(BenchmarkError, match="2 acknowledged entries are in no day file"):
        check_stored(tmp_path, ["u0", "u1"], [*stored, an_id(), torn], patience=0)


def test_a_batch_holds_as_many_entries_as_a_datagram_can(tmp_path: Path) -> None:
    """The figure is that of full datagrams, and one more entry would not fit."""
    [person] = populate(tmp_path / "data", 1)
    asked = batches(2 * ENTRIES_A_BATCH + 1)
    assert [len(batch.rows) for batch in asked] == [ENTRIES_A_BATCH, ENTRIES_A_BATCH, 1]
    full, _, one = (len(datagram) for datagram in signed([person], asked))
    assert full <= MAX_DATAGRAM < full + (full - one) // (ENTRIES_A_BATCH - 1)


def test_a_refused_entry_of_a_batch_is_an_error(tmp_path: Path) -> None:
    """Each entry of a batch has its own result, and each is looked at."""
    [person] = populate(tmp_path / "data", 1)
    [datagram] = signed([person], batches(2))
    replies = tmp_path / "replies"
    for code in (ErrorCode.OK, ErrorCode.BUSY):
        rows = (ResultRow(ErrorCode.OK, dup=False), ResultRow(code, dup=False))
        answer = seal_reply(person.keys, parse_envelope(datagram), NOW, Batched(rows))
        replies.write_bytes((0).to_bytes(4, "little") + len(answer).to_bytes(2, "little") + answer)
        if code is ErrorCode.OK:
            check_answers(replies, 1, [datagram], [person], Batch)
            continue
        with pytest.raises(BenchmarkError, match="refused entries of a batch"):
            check_answers(replies, 1, [datagram], [person], Batch)


@pytest.mark.parametrize("scale", [QUICK, FULL])
def test_the_day_of_one_diary_has_room_for_all_runs(scale: Scale) -> None:
    """What the server must refuse is no measure of its speed."""
    plain = Written(Stamp(NOW, 0), an_id(), texts(1)[0], attributes=(("v", "legacy"),))
    size = len(format_record(plain))
    assert scale.runs * scale.texts * size < MAX_DAY_BYTES  # all of the plain ones
    assert scale.entries * size < MAX_DAY_BYTES  # a run of the one user
    assert max(scale.runs * scale.texts, scale.entries) < QuotaSection().day_entries
