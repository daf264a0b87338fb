"""The command `diaryclient`: its one way in, and its one way out.

Rules: data goes to stdout, all else to stderr; an error is one line `diaryclient: ...` and the exit
status of its class: 0 ok, 1 error, 2 usage, 3 authentication, 4 unreachable, 5 queued, 6 refused,
7 not found, 130 interrupted; `diaryclient.screen.streams` adds 8, done but not printed. `write`
with nothing but words, which is typed most, needs no parser and so does not import click; all else
is `diaryclient.commands.group`.
"""

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from diaryclient.clock import Clock, SystemClock
from diaryclient.errors import QueuedError
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import COMPLETE_VARIABLE, Surroundings, tell_of_leftovers
from protocol.errors import DiaryError

_INTERRUPTED: Final = 130


def main(
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> int:
    """Run one command and give its exit status; without arguments, those of the process.

    After a success, standard output is flushed. Ctrl-C becomes 130, a second one KeyboardInterrupt.
    """
    _let_no_character_fail()
    words = sys.argv[1:] if arguments is None else arguments
    around = os.environ if environment is None else environment
    status = 1
    try:
        status = _run(words, around, clock or SystemClock())
        sys.stdout.flush()
    except DiaryError as error:
        _say(error)
        status = error.exit_status
    except KeyboardInterrupt:
        from diaryclient.interrupts import told_of_interrupt  # noqa: PLC0415 - hardly ever needed

        # The terminal shows ^C behind a question, or behind what was typed.
        start = "\n" * sys.stderr.isatty()
        _tell(start + "\n".join(told_of_interrupt(words)))
        status = _INTERRUPTED
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        _tell(safe_line(f"diaryclient: {what}{error.strerror or error}"))
        status = 1
    return status


def words_of_entry(words: Sequence[str]) -> Sequence[str]:
    """Give the words of an entry where `diaryclient` was given `write` and nothing but them.

    Empty where there may be an option, which stands before the words: that is for click to say.
    """
    match words:
        case ["write", first, *_] if not first.startswith("-"):
            return words[1:]
    return ()


def _run(words: Sequence[str], environment: Mapping[str, str], clock: Clock) -> int:
    if COMPLETE_VARIABLE not in environment and (entry := words_of_entry(words)):
        from diaryclient.commands.writing import Wishes, write  # noqa: PLC0415 - only what is typed

        surroundings = Surroundings.of({}, environment, clock)
        tell_of_leftovers(surroundings)
        write(surroundings, entry, Wishes())
        return 0
    from diaryclient.commands.group import run  # noqa: PLC0415 - as above

    gc.enable()  # `diaryclient.process` begins without
    return run(words, environment, clock)


def _say(error: DiaryError) -> None:
    prefix = "" if isinstance(error, QueuedError) else "diaryclient: "
    for line in str(error).split("\n"):
        _tell(f"{prefix}{safe_line(line)}")


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def _let_no_character_fail() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
