"""The day file gives back what was written, and accounts for every line that anybody else wrote."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.dayfile import (
    Amended,
    Foreign,
    Record,
    Removed,
    Restored,
    Written,
    fold,
    format_record,
    histories,
    parse_day_file,
)
from protocol.identifiers import EntryId
from protocol.messages.writing import LAST_MILLISECONDS, MIN_MILLISECONDS
from protocol.stamp import Stamp, parse_stamp
from tests.protocol.strategies import (
    HEADER_LIKE,
    any_text,
    entry_ids,
    moments,
    offsets,
    records,
    stamps,
    written,
)
from tests.protocol.totality import attempt, is_refused

STAMP = Stamp(1_795_344_048_123, 480)
IDS = [EntryId.make(1_795_344_048_123, bytes((number,)) * 10) for number in range(9)]


def rebuilt(parsed: Iterable[Record | Foreign]) -> bytes:
    """Give the bytes that the parsed lines came from."""
    return b"".join(
        item.raw + b"\n" if isinstance(item, Foreign) else format_record(item) for item in parsed
    )


@given(records)
def test_a_record_comes_back_equal(record: Record) -> None:
    """Of every kind, at every time and offset, with every text and attribute."""
    assert parse_day_file(format_record(record)) == [record]


@given(st.lists(records))
def test_records_do_not_touch_each_other(many: list[Record]) -> None:
    """No text forges a second record, swallows the next one or becomes a foreign line."""
    assert parse_day_file(b"".join(map(format_record, many))) == many


@given(any_text)
@example("")
@example("\n")
@example("\t")
@example("\n\t\n")
@example("\r\n")
@example(f"\n{HEADER_LIKE}")
@example(f"\r{HEADER_LIKE}\x85{HEADER_LIKE}\u2028{HEADER_LIKE}")
def test_any_text_comes_back_byte_for_byte(text: str) -> None:
    """As an entry and as an amendment, and a text of n lines stands on n lines."""
    entry = Written(STAMP, IDS[0], text)
    amendment = Amended(STAMP, IDS[1], IDS[0], text, starred=True)
    data = format_record(entry) + format_record(amendment)
    assert data.count(b"\n") == 2 * (text.count("\n") + 1)
    first, second = parse_day_file(data)
    assert isinstance(first, Written)
    assert isinstance(second, Amended)
    assert first.text.encode() == second.text.encode() == text.encode()


@pytest.mark.parametrize("text", ["\ud800", "a\n\udfff"])
def test_a_lone_surrogate_is_no_text(text: str) -> None:
    """Nothing is written that could not be read again."""
    assert is_refused(format_record, Written(STAMP, IDS[0], text))


@pytest.mark.parametrize(
    "attribute",
    [
        ("", "x"),
        ("r", ""),
        ("R", "x"),
        ("r", "a b"),
        ("r", "a\n"),
        ("r\n", "a"),
        ("r", "a,v=b"),
        ("r", "a=b"),
        ("r=a,v", "b"),
        ("r", "٣"),
        ("r", "é"),
    ],
)
def test_an_attribute_outside_the_grammar_is_not_written(attribute: tuple[str, str]) -> None:
    """An attribute forges no text, no second attribute and no line either."""
    record = Written(STAMP, IDS[0], "text", attributes=(("v", "udp"), attribute))
    assert is_refused(format_record, record)
    assert is_refused(format_record, Amended(STAMP, IDS[0], IDS[1], "t", attributes=(attribute,)))


LINES = st.one_of(
    st.binary(max_size=30),
    st.text(max_size=20).map(str.encode),
    records.map(lambda record: format_record(record)[:-1]),
    st.tuples(st.just(b"\t"), st.binary(max_size=10)).map(b"".join),
    st.tuples(st.just(b"\t"), any_text.map(str.encode)).map(b"".join),
    st.tuples(
        records.map(lambda record: format_record(record)[:-1]),
        st.integers(0, 120),
        st.binary(max_size=3),
    ).map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]),
)


@given(st.one_of(st.binary(), st.lists(LINES).map(b"\n".join)))
@example(b"")
@example(b"\n")
@example(b"\n\n\t\n")
@example(b"\ttext of nobody\n")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_a_day_file_and_every_byte_is_accounted_for(data: bytes) -> None:
    """What was parsed gives the input again, and a foreign line knows its place in it."""
    parsed = parse_day_file(data)
    ended = data if data.endswith(b"\n") or not data else data + b"\n"
    assert rebuilt(parsed) == ended
    lines = data.split(b"\n")
    for item in parsed:
        if isinstance(item, Foreign):
            assert lines[item.line - 1] == item.raw
            assert b"\n" not in item.raw


@given(st.lists(records, min_size=1, max_size=3), st.data())
def test_a_torn_write_is_never_taken_for_an_entry(many: list[Record], data: st.DataObject) -> None:
    """Wherever the last line was cut, its remainder is foreign and the others are whole."""
    whole = b"".join(map(format_record, many))
    cut = data.draw(st.integers(0, len(whole) - 1))
    parsed = parse_day_file(whole[:cut])
    torn = whole[:cut].rpartition(b"\n")[2]
    if torn:
        assert parsed[-1] == Foreign(whole[:cut].count(b"\n") + 1, torn)
    kept = parsed[:-1] if torn else parsed
    assert not any(isinstance(item, Foreign) for item in kept)
    assert kept[:-1] == many[: len(kept)][:-1]


HEAD = f"2026-11-22T18:40:48.123+08:00 {IDS[0].hex()} "


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "text",
        f"{HEAD}+",
        f"{HEAD}text",
        f"{HEAD}+text",
        f"{HEAD} + text",
        f"\ufeff{HEAD}+ text",
        f" {HEAD}+ text",
        f"{HEAD}+ text\r",
        f"{HEAD}+ te\x1bxt",
        f"{HEAD}+ te\\xt",
        f"{HEAD}+,r= text",
        f"{HEAD}+,R=1 text",
        f"{HEAD}+,r text",
        f"{HEAD}+, text",
        f"{HEAD}+,r=1,v text",
        f"{HEAD}-",
        f"{HEAD}- text",
        f"{HEAD}-{IDS[1].hex()} ",
        f"{HEAD}-{IDS[1].hex().upper()}",
        f"{HEAD}-{'0' * 32}",
        f"{HEAD}^{IDS[1].hex()[:-1]}",
        f"{HEAD}~{IDS[1].hex()}+ text",
        f"{HEAD}~{IDS[1].hex()} text",
        f"{HEAD}~{'0' * 32} + text",
        f"2026-11-22T18:40:48.123+08:00 {'0' * 32} + text",
        f"2026-11-22T18:40:48.123+08:00 {IDS[0].hex().upper()} + text",
        f"2026-11-22T18:40:48+08:00 {IDS[0].hex()} + text",
        f"2026-11-22T18:40:48.123456+08:00 {IDS[0].hex()} + text",
        f"2026-11-22T18:40:48,123+08:00 {IDS[0].hex()} + text",
        f"2026-11-22 18:40:48.123+08:00 {IDS[0].hex()} + text",
        f"2026-11-22T18:40:48.123Z {IDS[0].hex()} + text",
        f"2026-11-22T18:40:48.123-00:00 {IDS[0].hex()} + text",
        f"2026-11-22T18:40:48.123+24:00 {IDS[0].hex()} + text",
        f"2026-11-22T18:40:48.123+08:60 {IDS[0].hex()} + text",
        f"2026-11-22T24:00:00.000+08:00 {IDS[0].hex()} + text",
        f"2026-11-22T18:40:60.000+08:00 {IDS[0].hex()} + text",
        f"2026-02-29T18:40:48.123+08:00 {IDS[0].hex()} + text",
        f"0000-11-22T18:40:48.123+08:00 {IDS[0].hex()} + text",
        f"0001-01-01T00:00:00.000+08:00 {IDS[0].hex()} + text",
        f"9999-12-31T23:59:59.999-08:00 {IDS[0].hex()} + text",
        f"٢٠٢٦-11-22T18:40:48.123+08:00 {IDS[0].hex()} + text",
    ],
)
def test_a_line_that_is_almost_a_record_is_foreign(line: str) -> None:
    """Kept as it is, and neither its further lines nor its neighbours become part of it."""
    before, after = Written(STAMP, IDS[1], "before\nit"), Removed(STAMP, IDS[2], IDS[1])
    data = format_record(before) + f"{line}\n\tfurther\n".encode() + format_record(after)
    assert parse_day_file(data) == [
        before,
        Foreign(3, line.encode()),
        Foreign(4, b"\tfurther"),
        after,
    ]


@pytest.mark.parametrize("raw", [b"\xff", b"\t\xff", b"\t\x1b", b"\t\\", b"\xed\xa0\x80"])
def test_a_bad_further_line_ends_the_text_and_loses_nothing(raw: bytes) -> None:
    """What stands before it is the entry's; what stands after it is nobody's."""
    entry = Written(STAMP, IDS[0], "one\ntwo")
    data = format_record(entry) + raw + b"\n\tthree\n"
    assert parse_day_file(data) == [entry, Foreign(3, raw), Foreign(4, b"\tthree")]


def test_a_change_has_no_text() -> None:
    """A further line behind a removal belongs to nobody."""
    removal = Removed(STAMP, IDS[0], IDS[1])
    assert parse_day_file(format_record(removal) + b"\tx\n") == [removal, Foreign(2, b"\tx")]


def test_the_form_on_the_disk() -> None:
    """The grammar of the document, one line of each kind."""
    head = f"2026-11-22T18:40:48.123+08:00 {IDS[0].hex()} "
    other = IDS[1].hex()
    for record, expected in (
        (Written(STAMP, IDS[0], "今天天气很好 @weather"), "+ 今天天气很好 @weather"),
        (Written(STAMP, IDS[0], "a\n\n\tb\\", starred=True), "* a\n\t\n\t\tb\\\\"),
        (Written(STAMP, IDS[0], "t", attributes=(("r", "1"), ("v", "udp"))), "+,r=1,v=udp t"),
        (Amended(STAMP, IDS[0], IDS[1], "t"), f"~{other} + t"),
        (Removed(STAMP, IDS[0], IDS[1]), f"-{other}"),
        (Restored(STAMP, IDS[0], IDS[1]), f"^{other}"),
    ):
        assert format_record(record) == f"{head}{expected}\n".encode()


@pytest.mark.timeout(20)
def test_a_long_entry_takes_time_in_proportion() -> None:
    """300,000 further lines take a second; joined one by one they would take minutes."""
    data = f"{HEAD}+ ".encode() + b"x" * 1000 + b"\n" + b"\tline\n" * 300_000
    (record,) = parse_day_file(data)
    assert isinstance(record, Written)
    assert record.text.count("\n") == 300_000


@given(moments, offsets)
@example(MIN_MILLISECONDS, -1080)
@example(MIN_MILLISECONDS, 1080)
@example(LAST_MILLISECONDS, 1080)
@example(LAST_MILLISECONDS, -1080)
def test_a_stamp_comes_back_and_its_day_is_the_writers(at: int, off: int) -> None:
    """Over the whole calendar, in every zone that a put may name."""
    stamp = Stamp(at, off)
    assert parse_stamp(str(stamp)) == stamp
    assert str(stamp).startswith(f"{stamp.day}T")
    days = (at + off * 60_000) // 86_400_000
    assert stamp.wall.toordinal() == days + 719_163


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T18:40:48.123",
        "2026-11-22T18:40:48.123Z",
        "2026-11-22T18:40:48.123+08",
        "2026-11-22T18:40:48.123+0800",
        "2026-11-22T18:40:48.123+08:00:00",
        "2026-11-22T18:40:48.123+08:00:01",
        "2026-11-22T18:40:48.123456+08:00",
        "2026-11-22T18:40:48.123+08:00\n",
        "2026-W47-7T18:40:48.123+08:00",
        "\ud800",
    ],
)
def test_other_forms_of_a_time_are_refused(text: str) -> None:
    """ISO 8601 knows many; a file has one."""
    assert is_refused(parse_stamp, text)


@given(st.one_of(any_text, st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")))
def test_a_stamp_is_total_and_has_one_form(text: str) -> None:
    """What parses is written exactly so."""
    stamp = attempt(parse_stamp, text)
    assert stamp is None or str(stamp) == text


def test_fold_without_changes_is_by_time_then_in_file_order() -> None:
    """An entry written late stands where it happened."""
    late = Written(Stamp(2, 480), IDS[0], "late")
    twin = Written(Stamp(2, -480), IDS[1], "twin")
    early = Written(Stamp(1, 480), IDS[2], "early")
    assert fold([late, Foreign(2, b"x"), twin, early]) == [early, late, twin]


@given(st.lists(written))
def test_fold_keeps_each_id_once(entries: list[Written]) -> None:
    """The first record of an id is the entry; nothing else is lost or invented."""
    first = {entry.id: entry for entry in reversed(entries)}
    folded = fold(entries)
    assert sorted(entry.id for entry in folded) == sorted(first)
    assert all(first[entry.id] == entry for entry in folded)
    assert [entry.stamp.at for entry in folded] == sorted(e.stamp.at for e in first.values())


ENTRY = Written(STAMP, IDS[0], "one", attributes=(("v", "udp"),))
LATER = Stamp(STAMP.at + 1, 0)
AMENDED = Amended(LATER, IDS[1], IDS[0], "two", starred=True, attributes=(("r", "1"),))
AMENDED_AGAIN = Amended(LATER, IDS[2], IDS[0], "three")
REMOVED = Removed(LATER, IDS[3], IDS[0])
RESTORED = Restored(LATER, IDS[4], IDS[0])
NOW_TWO = Written(STAMP, IDS[0], "two", starred=True, attributes=(("v", "udp"),))
NOW_THREE = Written(STAMP, IDS[0], "three", attributes=(("v", "udp"),))


@pytest.mark.parametrize(
    ("parsed", "expected"),
    [
        ([ENTRY, AMENDED], [NOW_TWO]),
        ([ENTRY, AMENDED, AMENDED_AGAIN], [NOW_THREE]),
        ([ENTRY, REMOVED], []),
        ([ENTRY, REMOVED, REMOVED], []),
        ([ENTRY, REMOVED, RESTORED], [ENTRY]),
        ([ENTRY, REMOVED, REMOVED, RESTORED], [ENTRY]),
        ([ENTRY, RESTORED], [ENTRY]),
        ([ENTRY, AMENDED, REMOVED, RESTORED], [NOW_TWO]),
        ([ENTRY, REMOVED, AMENDED], []),
        ([ENTRY, REMOVED, AMENDED, RESTORED], [NOW_TWO]),
        ([ENTRY, REMOVED, RESTORED, REMOVED], []),
        ([ENTRY, AMENDED, RESTORED], [ENTRY]),
        ([ENTRY, AMENDED, RESTORED, RESTORED], [ENTRY]),
        ([ENTRY, AMENDED, AMENDED_AGAIN, RESTORED], [NOW_TWO]),
        ([ENTRY, AMENDED, AMENDED_AGAIN, RESTORED, RESTORED], [ENTRY]),
        ([ENTRY, AMENDED, RESTORED, AMENDED_AGAIN], [NOW_THREE]),
        ([ENTRY, AMENDED, RESTORED, AMENDED_AGAIN, RESTORED], [ENTRY]),
        ([ENTRY, AMENDED, REMOVED, RESTORED, RESTORED], [ENTRY]),
        ([ENTRY, REMOVED, AMENDED, RESTORED, RESTORED], [ENTRY]),
        ([AMENDED, ENTRY, RESTORED], [ENTRY]),
        ([AMENDED, REMOVED, RESTORED], []),
        ([AMENDED, ENTRY], [ENTRY]),
        ([REMOVED, ENTRY], [ENTRY]),
        ([ENTRY, Written(LATER, IDS[0], "a second of this id")], [ENTRY]),
        ([ENTRY, AMENDED, ENTRY], [NOW_TWO]),
        ([ENTRY, REMOVED, ENTRY], []),
        ([ENTRY, AMENDED, Amended(LATER, IDS[5], IDS[1], "names the amendment")], [NOW_TWO]),
        ([ENTRY, AMENDED, Removed(LATER, IDS[5], IDS[1])], [NOW_TWO]),
        ([], []),
    ],
)
def test_fold_rules(parsed: list[Record], expected: list[Written]) -> None:
    """Changes act on the entry they name if it stands before them, and on nothing else."""
    assert fold(parsed) == expected


@given(st.lists(records), entry_ids, stamps)
def test_what_names_an_unknown_entry_changes_nothing(
    many: list[Record], unknown: EntryId, stamp: Stamp
) -> None:
    """Wherever it stands."""
    strays: list[Record] = [
        Amended(stamp, IDS[6], unknown, "x"),
        Removed(stamp, IDS[7], unknown),
        Restored(stamp, IDS[8], unknown),
    ]
    known = {record.id for record in many}
    assert unknown in known or fold([*strays, *many, *strays]) == fold(many)


FEW = st.sampled_from(IDS[:3])
CONNECTED = st.one_of(
    st.builds(Written, stamps, FEW, st.sampled_from("ab"), st.booleans()),
    st.builds(Amended, stamps, entry_ids, FEW, st.sampled_from("cd"), st.booleans()),
    st.builds(Removed, stamps, entry_ids, FEW),
    st.builds(Restored, stamps, entry_ids, FEW),
    st.builds(Foreign, st.integers(1), st.binary()),
)


def history_of(entry_id: EntryId, parsed: list[Record | Foreign]) -> Written | None:
    """Give one entry as it stands, by reading the file for it alone."""
    versions: list[Written] = []
    shown = True
    for record in parsed:
        if isinstance(record, Written) and record.id == entry_id and not versions:
            versions.append(record)
        elif versions and not isinstance(record, Written | Foreign) and record.original == entry_id:
            if isinstance(record, Amended):
                versions.append(replace(versions[0], text=record.text, starred=record.starred))
            elif isinstance(record, Restored) and shown:
                versions = versions[: max(1, len(versions) - 1)]
            else:
                shown = isinstance(record, Restored)
    return versions[-1] if versions and shown else None


@given(st.lists(CONNECTED, max_size=12))
def test_fold_gives_each_entry_its_own_history(parsed: list[Record | Foreign]) -> None:
    """Entries do not influence each other, and all stand in the order of their times."""
    expected = [entry for entry in (history_of(known, parsed) for known in IDS[:3]) if entry]
    folded = fold(parsed)
    assert sorted(folded, key=lambda entry: entry.id) == expected
    assert [entry.stamp.at for entry in folded] == sorted(entry.stamp.at for entry in expected)


@given(st.lists(CONNECTED, max_size=12))
def test_a_history_knows_its_version_and_what_can_be_taken_back(
    parsed: list[Record | Foreign],
) -> None:
    """The last record that touched it, and whether one more restoration would do anything."""
    for entry_id, history in histories(parsed).items():
        touching = [
            record
            for record in parsed[parsed.index(history.entry) + 1 :]
            if not isinstance(record, Written | Foreign) and record.original == entry_id
        ]
        assert history.last == (touching[-1].id if touching else entry_id)
        restored = fold([history.entry, *touching, Restored(LATER, IDS[0], entry_id)])
        if not history.has_changes:
            assert restored == fold([history.entry, *touching])
        if history.is_removed:
            assert restored == [history.current]


def test_a_long_text_with_one_bad_line_is_read_up_to_it() -> None:
    """However many lines it has; what follows is foreign, and quickly so."""
    head = format_record(Written(STAMP, EntryId.make(0, bytes(10)), "first"))
    lines = [b"\t%d" % number for number in range(100_000)]
    lines[99_990] = b"\t\xff"
    [record, *foreign] = parse_day_file(head + b"\n".join(lines) + b"\n")
    assert isinstance(record, Written)
    assert record.text == "\n".join(["first", *map(str, range(99_990))])
    assert foreign == [Foreign(2 + at, lines[at]) for at in range(99_990, 100_000)]
