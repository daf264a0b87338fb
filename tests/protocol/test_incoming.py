"""What every door makes of what it is brought."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.incoming import incoming_text

LINES = st.lists(st.text(st.characters(blacklist_characters="\r\n"), max_size=8), min_size=1)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("one\ntwo\n", "one\ntwo"),
        ("one\ntwo\r", "one\ntwo"),
        ("one", "one"),
        ("\ufeffmarked", "marked"),
        ("\ufeff\r\n", ""),
        ("", ""),
        ("\n", ""),
        ("a\r\r\n", "a\r"),
    ],
)
def test_what_programs_add_is_none_of_the_text(raw: str, text: str) -> None:
    """A mark at the beginning, the CR of a CR LF, one line end at the end."""
    assert incoming_text(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        "blank lines stay\n\n",
        "  spaces and\ttabs\t ",
        "10%\r99%",
        "a mark\ufeff inside",
        "\ufeffsecond mark",
        "line\u2028paragraph\u2029next\x85vertical\x0bform\x0c",
        "\x1b[31mred\x1b[0m \x00",
        "cafe\u0301 and caf\xe9",
        "\uff21\uff22\uff23\uff0c\u3000",
        "\u200bwidth\u200d",
    ],
)
def test_all_else_stays(text: str) -> None:
    """As it was typed: no letter, no control and no further line end is touched."""
    marked = f"\ufeff{text}"
    assert incoming_text(marked + "\n") == text
    assert incoming_text(marked + "\r\n") == text


@given(LINES, st.sampled_from(["", "\ufeff"]))
def test_line_ends_make_no_difference(lines: list[str], mark: str) -> None:
    """The same lines are the same text, however a program ends and marks them."""
    text = "\n".join(lines)
    mark = "\ufeff" if text.startswith("\ufeff") else mark
    for end in ("\n", "\r\n"):
        assert incoming_text(mark + "".join(line + end for line in lines)) == text
