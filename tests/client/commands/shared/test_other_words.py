"""Words of other programs, mistyped ones, and what is said instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.commands.group import _COMMANDS
from diaryclient.commands.shared.other_words import _OTHERS, no_such_command
from tests.client.loopback import Run

HINT = "to write an entry: diaryclient write TEXT; all commands: diaryclient --help"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("list", "there is no command list; type: diaryclient read"),
        ("ls", "there is no command ls; type: diaryclient read"),
        ("log", "there is no command log; type: diaryclient read"),
        ("log -p", "there is no command log; type: diaryclient read"),
        ("add lunch", "there is no command add; type: diaryclient write lunch"),
        ("new", "there is no command new; type: diaryclient write"),
        ("delete 4fb39", "there is no command delete; type: diaryclient rm 4fb39"),
        ("help", "there is no command help; type: diaryclient --help"),
        ("help read", "there is no command help; type: diaryclient read --help"),
        ("yesterday", "there is no command yesterday; type: diaryclient read yesterday"),
        ("@work", "there is no command @work; type: diaryclient read --tagged @work"),
        ("WRIET x", "there is no command WRIET; did you mean: diaryclient write"),
        ("xyzzy", f"there is no command xyzzy; {HINT}"),
        ("token ls", "there is no command token ls; type: diaryclient token list"),
        (
            "token delete cron",
            "there is no command token delete; type: diaryclient token revoke cron",
        ),
        ("token revok", "there is no command token revok; did you mean: diaryclient token revoke"),
        ("outbox send", "there is no command outbox send; type: diaryclient outbox flush"),
        ("outbox rm 4fb39", "there is no command outbox rm; type: diaryclient outbox drop 4fb39"),
        ("profile ls", "there is no command profile ls; type: diaryclient profile list"),
        ("account remove", "there is no command account remove; type: diaryclient account delete"),
        (
            "profile xyzzy",
            "there is no command profile xyzzy; known: list; type: diaryclient profile --help",
        ),
        ("-n 5", "-n belongs to a command; type: diaryclient read -n"),
        ("--from monday", "--from belongs to a command; type: diaryclient read --from"),
        ("-5", "there is no option -5; type: diaryclient read -n 5"),
        ("--tags", "there is no option --tags; type: diaryclient tags"),
        ("--delete", "there is no option --delete; type: diaryclient rm"),
    ],
)
def test_the_command_that_was_meant_is_named(run: Run, typed: str, said: str) -> None:
    """Mistyped, or jrnl's, memos', git's: exit 2, one line, and nothing is done."""
    assert run(*typed.split(" ")) == (2, "", f"diaryclient: {said}\n")


def test_a_text_without_a_command_is_no_mystery(run: Run) -> None:
    """As jrnl takes it."""
    said = f"diaryclient: these words are no command; {HINT}\n"
    assert run("yesterday at 3pm: Met Bob.") == (2, "", said)


def test_every_answer_names_a_command_that_there_is() -> None:
    """None of the other words hides one of ours."""
    others = [word for words in _OTHERS.values() for word in words.split()]
    assert len(others) == len(set(others))
    assert not set(others) & set(_COMMANDS)
    assert {here.split()[0] for here in _OTHERS} <= {*_COMMANDS, "--help", "--version"}


@given(st.text(min_size=1), st.lists(st.text(), max_size=3))
def test_any_word_gets_one_answer(word: str, following: list[str]) -> None:
    """A whole text that followed is not said again."""
    said = no_such_command("diaryclient", word, following, list(_COMMANDS))
    assert said.count("diaryclient ") >= 1
    assert len(said) <= 200 + len(word) * 2
