"""Rows as wide as the screen, measured in columns."""

from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import width

from diaryclient.screen.display import safe_text
from diaryclient.screen.wrapping import wrap_lines

TEXTS = st.text(max_size=200).map(safe_text)
COLUMNS = st.integers(12, 120)
SPACES = str.maketrans("", "", "".join(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x3000])))


def letters(text: str) -> str:
    """Give a text without its white space."""
    return "".join(text.split()).translate(SPACES)


@given(TEXTS, COLUMNS)
@example("18:41 18a98 " + "今天天气很好" * 20, 40)
@example("👩\u200d👩\u200d👧" * 30, 40)
@example("e\u0301" * 100, 40)
@example("\t" * 20 + "x", 40)
def test_no_row_is_wider_than_the_screen(text: str, columns: int) -> None:
    """Wide characters count twice, combining ones nothing."""
    assert all(width(row) <= columns for row in wrap_lines(text, columns))


@given(TEXTS, COLUMNS)
def test_no_letter_is_lost(text: str, columns: int) -> None:
    """Only white space at the break of a row is left out."""
    assert letters("".join(wrap_lines(text, columns))) == letters(text)


@given(TEXTS, COLUMNS)
def test_a_row_that_goes_on_is_indented(text: str, columns: int) -> None:
    """So a long text cannot forge a line of this program: as many bare rows as it has lines."""
    lines = text.split("\n")
    rows = wrap_lines("\n".join(f"|{each}" for each in lines), columns)
    assert len([row for row in rows if not row.startswith("  ")]) == len(lines)


def test_forty_columns() -> None:
    """Words stay whole, and a text without spaces breaks at its wide characters."""
    text = (
        "14:30 d88ab 今天天气很好，我们去了公园，看见很多人在放风筝。 Then some words in English."
    )
    assert wrap_lines(text, 40) == [
        "14:30 d88ab 今天天气很好，我们去了公园，",
        "  看见很多人在放风筝。 Then some words",
        "  in English.",
    ]


def test_empty_lines_stay() -> None:
    """An empty line of a text is a row."""
    assert wrap_lines("a\n\n b", 40) == ["a", "", " b"]
