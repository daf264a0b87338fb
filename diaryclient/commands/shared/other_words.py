"""What people type who have the words of other programs in their fingers, and what it is here.

Rules: pure. Nothing is done in place of what was typed: the answer names what to type, with the
words that followed where they are few. A word of another program comes before a resemblance, and
what is neither may have been meant as an entry.
"""

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from shlex import join
from typing import Final

_OTHERS: Final = {
    "read": "list ls log view cat today print display open pull fetch",
    "read yesterday": "yesterday",
    "write": "add new create post append compose note commit put save",
    "rm": "delete del remove erase",
    "edit": "update amend change modify",
    "search": "find grep filter",
    "undo": "revert restore",
    "history": "diff versions",
    "clear": "reset wipe",
    "login": "signin sign-in signup sign-up register connect init",
    "logout": "signout sign-out disconnect",
    "passwd": "password",
    "outbox flush": "sync push send",
    "token list": "tokens",
    "profile list": "profiles journals",
    "export": "backup dump",
    "import": "load",
    "doctor": "check debug",
    "status": "info",
    "--help": "help man usage",
    "--version": "version",
}
"""What stands here for the words of jrnl, memos, dnote, nb, git and the shell."""

_FAMILIES: Final = (
    "list ls show all",
    "create add new make",
    "revoke drop delete rm remove del",
    "flush send push sync retry",
)
"""Words for one thing: below `token`, `outbox` and their like the one that there is is meant."""

_MOST_FOLLOWING: Final = 60
"""Characters of what followed that are said again; a whole text is not."""


def no_such_command(
    group: str, word: str, following: Sequence[str], commands: Collection[str]
) -> str:
    """Say what to type instead of a `word` that none of the `commands` of a `group` is.

    `group` is what was typed before, as `diaryclient token`.
    """
    begin = f"there is no command {' '.join([*group.split()[1:], word])}"
    if word.startswith("@"):
        return f"{begin}; type: {group} read --tagged {word}"
    meant = _meant(word.lower(), commands, is_top=" " not in group)
    if meant == "--help" and following and following[0] in commands:
        return f"{begin}; type: {group} {following[0]} --help"
    if meant:
        return f"{begin}; type: {group} {meant}{_again(meant, following)}"
    if close := get_close_matches(word.lower(), commands, n=2):
        return f"{begin}; did you mean: {' or '.join(f'{group} {each}' for each in close)}"
    if " " in group:
        return f"{begin}; known: {', '.join(commands)}; type: {group} --help"
    if any(each.isspace() for each in word):
        begin = "these words are no command"
    return f"{begin}; to write an entry: diaryclient write TEXT; all commands: diaryclient --help"


def no_such_option(option: str, commands: Collection[str], of_read: Collection[str]) -> str | None:
    """Say where an option belongs that `diaryclient` itself has not; None if nobody knows.

    `of_read` are the options of `diaryclient read`, which jrnl takes without a command.
    """
    name = option.lstrip("-")
    if option in of_read:
        return f"{option} belongs to a command; type: diaryclient read {option}"
    if name.isdecimal():
        return f"there is no option {option}; type: diaryclient read -n {name}"
    meant = name if name in commands else _meant(name, commands, is_top=True)
    return f"there is no option {option}; type: diaryclient {meant}" if meant else None


def _meant(word: str, commands: Collection[str], *, is_top: bool) -> str | None:
    if is_top:
        return next((here for here, others in _OTHERS.items() if word in others.split()), None)
    family = next((each.split() for each in _FAMILIES if word in each.split()), ())
    return next((each for each in commands if each in family), None)


def _again(meant: str, following: Sequence[str]) -> str:
    again = join(following)
    has_options = any(each.startswith("-") for each in (meant, *following))
    is_fitting = again and not has_options and len(again) <= _MOST_FOLLOWING
    return f" {again}" if is_fitting else ""
