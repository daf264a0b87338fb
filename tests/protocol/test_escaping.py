"""Escaping keeps a text on its lines and gives it back unchanged."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.escaping import escape_line, unescape_line
from tests.protocol.strategies import any_text
from tests.protocol.totality import attempt, is_refused

LINES = any_text.map(lambda text: text.replace("\n", ""))
ALMOST_ESCAPED = st.lists(
    st.one_of(
        st.text(max_size=3),
        st.sampled_from(["\\", "\\\\", "\\u{", "\\u{1b}", "\\u{1B}", "\\u{01b}", "\\u{41}", "}"]),
    )
).map("".join)


@given(LINES)
def test_every_line_comes_back(line: str) -> None:
    """Escaping loses nothing and normalises nothing."""
    assert unescape_line(escape_line(line)) == line


@given(LINES)
def test_nothing_in_an_escaped_line_breaks_it(line: str) -> None:
    """No control but TAB, no line separator and no byte order mark is left, to any reader."""
    escaped = escape_line(line)
    kept = escaped.replace("\t", "")
    assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in kept)
    assert "\ufeff" not in kept
    assert len(f"{kept}.".splitlines()) == 1


@given(st.one_of(ALMOST_ESCAPED, st.text()))
def test_a_line_is_accepted_only_in_its_one_form(line: str) -> None:
    """What unescapes, escapes to the same line: no text stands in a file in two ways."""
    text = attempt(unescape_line, line)
    assert text is None or escape_line(text) == line


@pytest.mark.parametrize(
    "line",
    [
        "\\",
        "a\\",
        "\\n",
        "\\u",
        "\\u{}",
        "\\u{41}",
        "\\u{5c}",
        "\\u{9}",
        "\\u{a}",
        "\\u{1B}",
        "\\u{01}",
        "\\u{00}",
        "\\u{d800}",
        "\\u{110000}",
        "\\u{1b",
        "\\u{1b}\\",
        "\\u{٣}",
        "\x1b",
        "\r",
        "\x85",
        "\u2028",
        "\ufeff",
    ],
)
def test_other_escapes_and_raw_controls_are_refused(line: str) -> None:
    """Capital digits, leading zeros, needless escapes and unescaped controls are foreign."""
    assert is_refused(unescape_line, line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        ("a\tb", "a\tb"),
        ("\\", "\\\\"),
        ("\x00\x1f\x7f\x80\x9f", "\\u{0}\\u{1f}\\u{7f}\\u{80}\\u{9f}"),
        ("\u2028\u2029\ufeff", "\\u{2028}\\u{2029}\\u{feff}"),
        ("\u202e\u00a0é今😀", "\u202e\u00a0é今😀"),
    ],
)
def test_the_form_on_the_disk(text: str, line: str) -> None:
    """The escapes are those of the grammar, and everything else stands as typed."""
    assert escape_line(text) == line
    assert unescape_line(line) == text
