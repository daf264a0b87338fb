"""What a typed line means, and where an entry ends."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diaryclient.interactive.typed_line import Meaning, end_line, meaning

TEXTS = st.text(st.sampled_from("ab今 \\\n"), max_size=30)


def typed(text: str) -> list[str]:
    """Give the lines that a person types for a text: backslashes at an end are doubled."""
    lines = []
    for line in text.split("\n"):
        bare = line.rstrip("\\")
        lines.append(bare + "\\" * 2 * (len(line) - len(bare)))
    return [f"{line}\\" for line in lines[:-1]] + lines[-1:]


@given(TEXTS)
@example("C:\\")
@example("a\\\nb\\\\\n\n")
def test_every_text_can_be_typed(text: str) -> None:
    """Enter after each line of it gives the text, and only the last Enter finishes it."""
    so_far = ""
    finished = []
    for line in typed(text):
        so_far, is_finished = end_line(so_far + line)
        finished.append(is_finished)
    assert so_far == text
    assert finished == [False] * text.count("\n") + [True]


@given(st.text(max_size=30))
def test_only_backslashes_at_the_end_mean_something(text: str) -> None:
    """All else is what was typed, newlines of a pasted text included."""
    assert end_line(f"{text}.") == (f"{text}.", True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-r", Meaning.SHOW),
        ("-R", Meaning.SHOW),
        ("-c", Meaning.CLEAR),
        ("-C", Meaning.CLEAR),
        ("", Meaning.NOTHING),
        (" \t\n", Meaning.NOTHING),
        ("-r ", Meaning.WRITE),
        (" -c", Meaning.WRITE),
        ("-rc", Meaning.WRITE),
        ("r", Meaning.WRITE),
        ("--", Meaning.WRITE),
    ],
)
def test_commands_are_exact(line: str, expected: Meaning) -> None:
    """A text that only begins like a command is an entry."""
    assert meaning(line) is expected
