"""The form in which texts are compared."""

import subprocess
import sys
from itertools import groupby
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.caseless import caseless
from protocol.escaping import escape_line

ALL = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
TEXTS = st.text(
    st.characters(codec="utf-8")
    | st.sampled_from(
        "eE\xe9iI\u0130\u0131\u0307\u0301\u0323\u0345\u03b1\u03c2\u03a3\uff21\uff76\uff9e\u1100\u1161"
    )
)


@pytest.mark.parametrize(
    "texts",
    [
        ("caf\xe9", "cafe\u0301", "CAF\xc9", "CAFE\u0301"),
        ("Stra\xdfe", "STRASSE", "strasse", "STRA\u1e9eE"),
        (
            "\u03bb\u03cc\u03b3\u03bf\u03c2",
            "\u039b\u038c\u0393\u039f\u03a3",
            "\u03bb\u03bf\u0301\u03b3\u03bf\u03c3",
        ),
        ("Istanbul", "\u0130stanbul", "I\u0307stanbul", "\u0131stanbul", "istanbul"),
        ("ABC 123", "\uff21\uff22\uff23 \uff11\uff12\uff13", "\uff41\uff42\uff43 123"),
        ("\u30ac", "\uff76\uff9e", "\u30ab\u3099", "\u30ab\uff9e"),
        ("\xc5", "\u212b", "A\u030a", "a\u030a"),
        ("e\u0323\u0301", "e\u0301\u0323", "\u1eb9\u0301"),
        ("\ud55c", "\u1112\u1161\u11ab"),
    ],
    ids=ascii,
)
def test_texts_that_are_one(texts: tuple[str, ...]) -> None:
    """However they were typed."""
    assert len({caseless(text) for text in texts}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cafe", "caf\xe9"),
        ("x2", "x\xb2"),
        ("a,b", "a\uff0cb"),
        ("...", "\u2026"),
        ("\u30ab", "\u30ac"),
        ("\u03c5", "y"),
    ],
    ids=ascii,
)
def test_texts_that_are_two(one: str, other: str) -> None:
    """An accent, a power and the width of a comma make a difference."""
    assert caseless(one) != caseless(other)


@given(TEXTS)
def test_a_form_is_its_own_form(text: str) -> None:
    """And composed."""
    form = caseless(text)
    assert caseless(form) == form == normalize("NFC", form)


@given(TEXTS)
def test_what_unicode_calls_a_caseless_match_is_one(text: str) -> None:
    """Whatever form it is in, and folded before or not (D145 of the Unicode standard)."""
    form = caseless(text)
    for way in ("NFC", "NFD"):
        other = normalize(way, text)
        assert caseless(other) == form
        assert caseless(normalize(way, normalize("NFD", text).casefold())) == form


@given(st.text(st.characters(max_codepoint=0x24F)))
def test_capitals_make_no_difference(text: str) -> None:
    """Of the Latin letters."""
    assert caseless(text.upper()) == caseless(text.lower()) == caseless(text)


def test_no_letter_is_different_in_capitals() -> None:
    """Of any script."""
    letters = [c for c in ALL if c != c.upper() or c != c.lower()]
    assert len(letters) > 2000
    assert [
        c for c in letters if not caseless(c) == caseless(c.upper()) == caseless(c.lower())
    ] == []


def test_no_character_becomes_one_that_a_day_file_means_something_by() -> None:
    """So a record is cut at the same places before and after, and an escape stays one."""
    meaning = {c for c in ALL if escape_line(c) != c} | {"\n", "\t"}
    assert {c for c in meaning if caseless(c) != c} == set()
    assert {c for c in ALL if c not in meaning and meaning & set(caseless(c))} == set()
    assert {
        c for c in ALL for before in "\n\t }\\" if len(normalize("NFC", before + c)) == 1
    } == set()


@given(TEXTS)
def test_escaping_and_folding_change_places(text: str) -> None:
    """A word's escaped form is in an escaped text's form."""
    assert caseless(escape_line(text)) == escape_line(caseless(text))


@pytest.mark.parametrize("length", [30, 31, 100, 5000])
@pytest.mark.parametrize(
    "marks", ["\u0301\u0323", "\u0323\uff9e", "\U0001d165\u0591", "\u0e38\u0301"]
)
def test_marks_are_never_sorted_in_long_rows(marks: str, length: int) -> None:
    """Whoever writes thousands of them on one letter makes nobody wait for their order."""
    form = caseless("q" + marks * length + "q")
    rows = [len(list(row)) for is_mark, row in groupby(form, lambda c: combining(c) > 0) if is_mark]
    assert max(rows) <= 30
    assert sum(rows) == 2 * length
    assert form[0] == form[-1] == "q"


def test_every_mark_is_counted() -> None:
    """Of whatever version Python's tables are: a new one would be sorted in rows of any length."""
    marks = [c for c in ALL if any(map(combining, normalize("NFKD", c)[:1]))]
    unparted = [c for c in marks if "\u034f" not in caseless(c * 100)]
    assert unparted == []


def test_ascii_imports_no_tables() -> None:
    """They take a megabyte, and most words are plain."""
    program = (
        "import sys; from protocol.caseless import caseless; assert caseless('A b') == 'a b';"
        "sys.exit('unicodedata' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
