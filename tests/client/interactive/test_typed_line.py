"""What a typed line means, and where an entry ends."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diaryclient.interactive.typed_line import Meaning, doubt, end_line, meaning

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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("help", "-r shows today"),
        (" Help ", "-r shows today"),
        ("?", "-r shows today"),
        ("ls", "-r shows today"),
        ("quit", "Ctrl-D leaves"),
        ("EXIT", "Ctrl-D leaves"),
        (":wq", "Ctrl-D leaves"),
        ("\\q", "Ctrl-D leaves"),
        ("--help", "only -r and -c"),
        ("-h", "only -r and -c"),
        ("-r ", "only -r and -c"),
        ("-rc", "only -r and -c"),
        ("-5", "only -r and -c"),
        ("-n 5", "only -r and -c"),
        ("--from=monday", "only -r and -c"),
        ("diaryclient read", "only -r and -c"),
    ],
)
def test_what_may_be_meant_for_the_program_is_doubted(line: str, said: str) -> None:
    """Words and options of a shell, alone; the answer says what they would have done."""
    assert said in doubt(line)


@pytest.mark.parametrize(
    "line",
    [
        *("help me", "quit smoking", "Exit 7, then left.", "- milk", "-- ", "---", "-5 degrees"),
        *("--- 8< ---", "-40°C in the night", "what?", "ls was slow", "今天", "-"),
    ],
)
def test_a_text_is_not_doubted(line: str) -> None:
    """One that only begins with such a word, a list's item, a rule, a cold day."""
    assert doubt(line) == ""
