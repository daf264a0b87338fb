"""What reaches a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.screen.display import (
    ShortIds,
    cut,
    format_entry,
    format_foreign,
    format_quoted,
    safe_line,
    safe_text,
)
from protocol.dayfile import Foreign, Written
from protocol.identifiers import EntryId
from protocol.stamp import Stamp

ANY_TEXT = st.text(st.characters(), max_size=200)
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
DEPRECATED = "\u206a\u206b\u206c\u206d\u206e\u206f"  # invisible, and of no use any more
IDS = st.builds(EntryId.make, st.integers(0, 2**40), st.binary(min_size=10, max_size=10))
AT = Stamp(1_795_372_800_000, 480)
ID = EntryId.make(AT.at, b"\0" * 7 + b"\x09\xc4\x1f")


def deceives(character: str) -> bool:
    """Tell whether a terminal or a reader could take the character for structure."""
    return (
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in BIDI
        or character in "\u200e\u200f\u061c\ufeff"
    )


@given(ANY_TEXT)
def test_nothing_deceptive_comes_through(text: str) -> None:
    """LF and TAB are the only controls in a text; a line has no LF either."""
    assert not any(map(deceives, safe_text(text).translate({9: None, 10: None})))
    assert not any(map(deceives, safe_line(text).translate({9: None})))


@given(ANY_TEXT)
def test_what_is_harmless_stays(text: str) -> None:
    """Letters of every script, emoji and backslashes are shown as they are."""
    harmless = "".join(each for each in text if not deceives(each) and each not in DEPRECATED)
    assert safe_text(harmless) == harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\\b \\x1b", "a\\b \\x1b"),
        ("\u202eevil", r"\u202eevil"),
        ("\x85\x9b", r"\x85\x9b"),
        ("\ud800", r"\ud800"),
        ("今天 👩\u200d👩\u200d👧 é", "今天 👩\u200d👩\u200d👧 é"),
    ],
)
def test_escapes_are_visible(text: str, shown: str) -> None:
    """The form is the one that Python and C programmers know."""
    assert safe_line(text) == shown


@given(ANY_TEXT, st.booleans())
def test_a_text_cannot_forge_an_entry(text: str, starred: bool) -> None:
    """Only the first line begins with a time; every further one stands behind `| `."""
    first, *further = format_entry(Written(AT, ID, text, starred), "9c41f").split("\n")
    assert first.startswith("2026-11-23 02:40 9c41f")
    assert all(line.startswith("| ") for line in further)
    assert len(further) == text.count("\n")
    assert all(line.startswith("| ") for line in format_quoted(text).split("\n"))


def test_the_form_of_an_entry() -> None:
    """The writer's wall clock, the short id, a star, the text."""
    assert format_entry(Written(AT, ID, "a\nb", starred=True), "9c41f") == (
        "2026-11-23 02:40 9c41f * a\n| b"
    )
    assert format_entry(Written(AT, ID, "\nb"), "9c41f") == "2026-11-23 02:40 9c41f\n| b"


@given(st.binary(max_size=100))
def test_foreign_bytes_are_one_safe_line(raw: bytes) -> None:
    """Whatever stands in a file, it is shown behind `? ` and cannot leave its line."""
    shown = format_foreign(Foreign(1, raw))
    assert shown.startswith("? ")
    assert not any(map(deceives, shown.translate({9: None})))


@given(st.lists(st.lists(IDS, unique=True, max_size=6), max_size=4))
def test_short_ids_are_distinct_endings(groups: list[list[EntryId]]) -> None:
    """Every name ends its id and no other id that was shown until then."""
    short_ids, shown = ShortIds(), list[EntryId]()
    for group in groups:
        fresh = [each for each in group if each not in shown]
        shown += fresh
        for entry_id, name in short_ids.name(fresh).items():
            assert len(name) >= 5
            assert [each for each in shown if each.hex().endswith(name)] == [entry_id]


def test_short_ids_grow_only_where_they_must() -> None:
    """Five digits, and as many more as tell two entries apart."""
    ends = [b"\0" * 7 + b"\x1a\xbc\xde", b"\0" * 7 + b"\x2a\xbc\xde", b"\0" * 7 + b"\x11\x11\x11"]
    ids = [EntryId.make(AT.at, end) for end in ends]
    names = ShortIds().name(ids)
    assert [names[each] for each in ids] == ["1abcde", "2abcde", "11111"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1234567890", "1234567890"),
        ("12345678901", "1234567..."),
        ("今今今今今", "今今今今今"),
        ("今今今今今今", "今今今..."),
        ("1\t90", "1\t90"),
        ("1\t901", "1..."),
        ("今\t9", "今\t9"),
        ("12345678\t", "1234567..."),
    ],
)
def test_a_row_is_cut_at_the_columns_it_takes(text: str, shown: str) -> None:
    """A wide character takes two, a tab those up to the next multiple of eight."""
    assert cut(text, 10) == shown
