"""Output that leads nowhere: what was asked is done, and the exit status says so.

As processes: each kind of broken output, each command that prints something.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from diaryclient.commands.group import _COMMANDS
from diaryclient.home.outbox import Outbox
from protocol.messages.base import Request
from protocol.messages.changes import Remove
from protocol.messages.writing import Put
from tests.client.home.test_outbox import entry
from tests.client.loopback import PASSWORD, Loopback, Run

KINDS: Final = {
    "full": ('exec "$@" >/dev/full', 8),
    "read-only": ('exec "$@" 1</dev/null', 8),
    "closed": ('exec "$@" >&-', 0),
    "gone": ('"$@" | : ; exit ${PIPESTATUS[0]}', 0),
}
"""What a shell makes of standard output, and the exit status of what was done all the same."""

LINES: Final = {
    "login": "login HOST alice --accept-new --password-stdin",
    "write": "write written",
    "read": "read",
    "show": "show ID",
    "search": "search text",
    "tags": "tags",
    "watch": "watch -n 1",
    "edit": "edit ID --text another",
    "rm": "rm --yes ID",
    "undo": "undo ID",
    "history": "history ID",
    "clear": "clear --yes",
    "recover": "recover",
    "stats": "stats",
    "calendar": "calendar",
    "on-this-day": "on-this-day",
    "random": "random",
    "export": "export",
    "outbox": "outbox flush",
    "token": "token list",
    "profile": "profile list",
    "whoami": "whoami",
    "status": "status",
    "ping": "ping",
    "completion": "completion bash",
    **{
        name: f"{name} --help" for name in ("doctor", "import", "plain", "logout", "passwd", "move")
    },
    "account": "account --help",
}
"""One of each; ID is that of an entry. Those with --help end in the same way as the others."""


def shell(line: str, *words: str, environment: dict[str, str], stdin: str = "") -> tuple[int, str]:
    """Type words into a shell, and give the exit status and what standard error got."""
    done = subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "diaryclient", *words],
        env=os.environ | environment,
        input=stdin.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.decode()


def written(run: Run, *texts: str) -> list[str]:
    """Write entries and give the ends of their ids."""
    return [run("write", text)[1].split()[1] for text in texts]


def asked(loopback: Loopback, kind: type[Request]) -> int:
    """Count requests of a kind."""
    return sum(isinstance(request, kind) for _, request in loopback.fake.requests)


def test_each_command_is_tried() -> None:
    """A new one needs a line above."""
    assert LINES.keys() == _COMMANDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_each_command_on_each_broken_output(
    run: Run,
    logged_in: Loopback,
    environment: dict[str, str],
    state: Path,
    kind: str,
) -> None:
    """No traceback; 8 and one line where output is missed, else what it would be on a terminal."""
    redirection, status = KINDS[kind]
    for line in [*LINES.values(), "--version", ""]:
        if "ID" in line:
            [name] = written(run, "a text @a")
            if line.startswith("undo"):
                assert run("rm", "--yes", name)[0] == 0
            line = line.replace("ID", name)  # noqa: PLW2901 - the line to type
        elif not logged_in.fake.files:
            written(run, "a text @a")
        stdin = PASSWORD if line.startswith("login") else "a line\n" * (not line)
        if line.startswith("outbox"):
            Outbox(state / "outbox" / logged_in.login.name).keep(entry(1))
        words = line.replace("HOST", str(logged_in.address)).split()
        prints_nothing = line == "profile list"
        done, err = shell(redirection, *words, environment=environment, stdin=stdin)
        assert "Traceback" not in err, (line, err)
        assert done == (0 if prints_nothing else status), (line, err)
        assert err.count("standard output cannot be written") == (done == 8), (line, err)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_done_is_done_to_its_end(
    run: Run, logged_in: Loopback, environment: dict[str, str], kind: str
) -> None:
    """Every entry is removed, every line is written, though the first answer was lost already."""
    redirection, status = KINDS[kind]
    names = written(run, "one", "two", "three")
    done, _ = shell(redirection, "rm", "--yes", *names, environment=environment)
    assert (done, asked(logged_in, Remove)) == (status, 3)
    before = asked(logged_in, Put)
    done, _ = shell(redirection, environment=environment, stdin="first\nsecond\nthird\n")
    assert (done, asked(logged_in, Put) - before) == (status, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_not_saved_is_told_from_it(
    run: Run, loopback: Loopback, logged_in: Loopback, environment: dict[str, str], kind: str
) -> None:
    """The status of a failure stays what it is: not logged in, queued, not found."""
    redirection, _ = KINDS[kind]
    logged_in.fake.silent_to = "queued"
    for words, status in (
        (["write", "queued"], 5),
        (["show", "00000"], 7),
        (["--user", "bob", "write", "x"], 3),
        (["nonsense"], 2),
    ):
        done, err = shell(redirection, *words, environment=environment)
        assert (done, "Traceback" in err) == (status, False)


@pytest.mark.parametrize("kind", ["full", "closed", "gone"])
def test_what_cannot_be_printed_is_not_dropped(
    logged_in: Loopback, environment: dict[str, str], state: Path, kind: str
) -> None:
    """The text would be nowhere then."""
    outbox = Outbox(state / "outbox" / logged_in.login.name)
    outbox.keep(entry(1))
    name = entry(1).id.hex()
    done, err = shell(KINDS[kind][0], "outbox", "drop", "--yes", name, environment=environment)
    assert done == 1
    assert "was not dropped" in err
    assert list(outbox.entries()) == [entry(1)]


@pytest.mark.parametrize(
    "kind", ['exec "$@" 2>/dev/full', 'exec "$@" 2>&-', 'exec "$@" <&- >&- 2>&-']
)
def test_nobody_who_hears_complaints_changes_nothing(
    logged_in: Loopback, environment: dict[str, str], kind: str
) -> None:
    """Standard error that is full or closed: the same exit statuses, and the entry is there."""
    assert shell(kind, "write", "text", environment=environment)[0] == 0
    assert shell(kind, "show", "00000", environment=environment)[0] == 7
    assert shell(kind, "nonsense", environment=environment)[0] == 2
    assert len(logged_in.fake.contents) == 1


def test_a_reader_that_has_enough_ends_the_reading(
    run: Run, logged_in: Loopback, environment: dict[str, str]
) -> None:
    """`read | head -1` and `export | head -1` are quiet, and exit 0."""
    written(run, *(f"text {number} {'x' * 900}" for number in range(100)))
    for words in (["read"], ["export"], ["read", "--format", "jsonl"], ["search", "text"]):
        status, err = shell(
            '"$@" | head -1; exit ${PIPESTATUS[0]}', *words, environment=environment
        )
        assert (status, err) == (0, "")
