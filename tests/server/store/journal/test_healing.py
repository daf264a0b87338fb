"""What a day file must hold after a crash: the journal's records as it has them, the rest kept."""

import random
from collections.abc import Sequence
from itertools import pairwise
from math import isqrt
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from diaryserver.store.days.contents import DAMAGED, digest_of, digests, id_of, split_parts
from diaryserver.store.journal.healing import MAX_COMPARED, MAX_FLIPPED, heal, missing
from protocol.dayfile import Amended, Foreign, Record, Removed, Restored, Written, format_record
from protocol.dayfile import parse_day_file as parse
from protocol.identifiers import EntryId
from protocol.stamp import Stamp
from tests.server.fakes import NOON, new_id

STAMP: Final = Stamp(NOON, 0)
BLOCK: Final = 64
"""A file system's block in these tests: a cut leaves whole ones, zeros in place of the others."""

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def line(text: str, entry_id: EntryId | None = None) -> bytes:
    """Give an entry's bytes."""
    return format_record(Written(STAMP, entry_id or new_id(), text))


def by_id(lines: Sequence[bytes]) -> dict[bytes, bytes]:
    """Give lines as the journal knows them."""
    return {id_of(each) or b"": each for each in lines}


@st.composite
def remains(draw: st.DrawFn, data: bytes) -> bytes:
    """Give what a power cut may leave of unsynced bytes: cut off anywhere, blocks as zeros."""
    left = bytearray(data[: draw(st.integers(0, len(data)))])
    for start in range(0, len(left), BLOCK):
        if draw(st.booleans()):
            left[start : start + BLOCK] = bytes(len(left[start : start + BLOCK]))
    return bytes(left)


@settings(max_examples=300)
@given(st.lists(texts, min_size=1, max_size=5), st.data())
def test_whatever_a_power_cut_left_the_records_are_there_once_and_whole(
    written: list[str], data: st.DataObject
) -> None:
    """And nothing else is: no piece of a record passes for a line."""
    lines = [line(text) for text in written]
    left = data.draw(remains(b"".join(lines)))
    assert heal(left, by_id(lines)).text == b"".join(lines)


@settings(max_examples=300)
@given(st.lists(texts, min_size=1, max_size=4), st.lists(texts, min_size=1, max_size=4), st.data())
def test_a_good_record_that_the_journal_does_not_know_stays_in_its_place(
    known: list[str], unknown: list[str], data: st.DataObject
) -> None:
    """Its own record in the journal may be damaged: the file is the last that has it."""
    journalled = [line(text) for text in known]
    file = list(journalled)
    for text in unknown:
        file.insert(data.draw(st.integers(0, len(file))), line(text))
    healed = heal(b"".join(file), by_id(journalled))
    assert healed.text == b"".join(file)
    assert healed.has_others


def test_a_note_by_hand_stays_where_nothing_is_broken() -> None:
    """Behind the record that it was written behind; more records follow at the end."""
    one, two, note = line("one"), line("two"), b"a note by hand\n"
    assert heal(one + note, by_id([one, two])).text == one + note + two


def test_what_is_left_of_a_record_goes_where_that_one_is_missing() -> None:
    """A flipped bit, in its header or in its id: the journal's record takes its place."""
    one, two = line("one"), line("two")
    for damaged in (b"g" + one[1:], one.replace(b" + ", b" : "), one[:30] + b"e" + one[31:]):
        assert heal(damaged + two, by_id([one, two])).text == one + two


@given(st.lists(st.tuples(st.integers(30, 61), st.sampled_from(b"0f~")), max_size=MAX_FLIPPED))
def test_a_few_flipped_bytes_of_an_id_are_found_wherever_they_are(
    flips: list[tuple[int, int]],
) -> None:
    """Among other lines of that length: the record is there once, and they stay."""
    lost, others = line("one"), [line("two") for _ in range(20)]
    damaged = bytearray(lost)
    for place, byte in flips:
        damaged[place] = byte
    healed = heal(b"".join([*others, damaged]), by_id([lost])).text
    assert healed == b"".join([*others, lost])


def test_ids_made_to_look_alike_cost_a_bounded_search() -> None:
    """Beyond it a line stays, whatever it is: nothing is taken out that may be good."""
    side = isqrt(MAX_COMPARED) + 1
    chance = random.Random(1)
    ids = [EntryId.make(chance.getrandbits(47), bytes(10)) for _ in range(2 * side)]
    lines = [line("x", each) for each in ids]
    others, lost = lines[:side], lines[side:]
    damaged = lost[0][:61] + b"e" + lost[0][62:]
    assert damaged not in heal(damaged, by_id(lost)).text
    assert damaged in heal(b"".join([*others, damaged]), by_id(lost)).text


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_missing_is_what_stands_nowhere_byte_for_byte(
    here: list[str], elsewhere: list[str]
) -> None:
    """A record that only begins alike is not there."""
    stored = [line(text) for text in here]
    short = [line(text + "x") for text in elsewhere]
    cut = b"".join(each[:-2] + b"\n" for each in short)
    assert missing(by_id([*stored, *short]), b"".join(stored), cut) == by_id(short)


@given(st.lists(st.one_of(st.binary(max_size=80), texts.map(line)), max_size=6))
def test_the_parts_of_any_file_are_the_file(parts: list[bytes]) -> None:
    """Total, and every record that the grammar finds is a part or begins one."""
    data = b"".join(parts)
    split = list(split_parts(data))
    assert b"".join(split) == data
    assert all(each.endswith(b"\n") for each, _ in pairwise(split))
    found = {record.id for record in parse(data) if not isinstance(record, Foreign)}
    assert found <= {id_of(part) for part in split}


@given(texts, st.booleans(), st.integers(0, 10**12), st.integers(-840, 840))
def test_a_digest_tells_what_counts_from_what_does_not(
    text: str, starred: bool, at: int, off: int
) -> None:
    """Received and came-by do not; text, star, moment and zone do; so for each kind of change."""
    stamp, own, original = Stamp(at, off), new_id(), new_id()
    late = (("r", "2026-11-22T12:00:00.000+00:00"), ("v", "legacy"))
    written = format_record(Written(stamp, own, text, starred))
    assert digest_of(format_record(Written(stamp, own, text, starred, late))) == digest_of(written)
    later = Stamp(at + 1, off)
    amended = [Amended(each, own, original, text, starred) for each in (stamp, later)]
    removed = [Removed(each, own, original) for each in (stamp, later)]
    restored = [Restored(each, own, original) for each in (stamp, later)]
    assert len({digest_of(format_record(each)) for each in amended}) == 1
    changes: list[Record] = [*removed, *restored]
    assert len({digest_of(format_record(each)) for each in changes}) == 2
    others: list[Record] = [
        Written(stamp, own, text + "x", starred),
        Written(stamp, own, text, not starred),
        Written(later, own, text, starred),
        amended[0],
        Amended(stamp, own, new_id(), text, starred),
        Amended(Stamp(at, off + 1), own, original, text, starred),
        removed[0],
        restored[0],
        Removed(stamp, own, new_id()),
    ]
    assert len({digest_of(written), *(digest_of(format_record(each)) for each in others)}) == 10


def test_a_damaged_line_has_an_id_and_says_nothing() -> None:
    """Whoever repeats that id is told of a conflict, never that it is stored."""
    own = new_id()
    damaged = line("one", own).replace(b" + ", b" +, ")
    assert list(digests(damaged)) == [(bytes(own), DAMAGED)]
    assert list(digests(line("torn", own)[:-1])) == []
