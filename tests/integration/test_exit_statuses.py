"""Every exit status that the guide lists, by a process: scripts decide by them."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.readme import GUIDE
from tests.integration.logins import copy_login
from tests.programs import BIN, PATIENCE_SECONDS, Home, Server
from tests.terminals import Terminal

Ending = Callable[[Home, Server], tuple[int, str]]


def typed(*words: str, stdin: str = "") -> Ending:
    """Run a command to its end."""

    def run(home: Home, server: Server) -> tuple[int, str]:
        done = home.client(*words, stdin=stdin)
        return done.status, done.err

    return run


def without_a_disk(home: Home, server: Server) -> tuple[int, str]:
    """Write where no outbox can be made."""
    outbox = home.folder / "state/diaryclient/outbox"
    shutil.rmtree(outbox, ignore_errors=True)  # there may be none yet
    outbox.write_text("in the way")
    return typed("write", "kept nowhere")(home, server)


def without_a_server(*words: str) -> Ending:
    """Run a command while nothing listens at the server's port."""

    def run(home: Home, server: Server) -> tuple[int, str]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            nowhere = f"127.0.0.1:{closed.getsockname()[1]}"
        copy_login(home, "alice", server.address, nowhere)
        return typed("--server", nowhere, *words)(home, server)

    return run


def on_a_full_disk(home: Home, server: Server) -> tuple[int, str]:
    """Write, and let the answer go where there is no room."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [BIN / "diaryclient", "write", "kept, not told"],
            env=os.environ | home.env,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert "kept, not told" in home.client("read").out
    return done.returncode, done.stderr.decode()


def interrupted(home: Home, server: Server) -> tuple[int, str]:
    """Press Ctrl-C before a text is typed."""
    terminal = Terminal(home, "write")
    terminal.sees("Type the entry")
    terminal.interrupt()
    return terminal.wait(), terminal.output


CASES: list[tuple[int, Ending, str]] = [
    (0, typed("write", "an entry"), ""),
    (0, typed("doctor"), ""),
    (0, typed("read", "--contains", "no such words"), "no such entries"),
    (1, without_a_disk, "NOT SAVED"),
    (2, typed("write", "--no-such-option"), "No such option"),
    (2, typed("--profile", "nobody", "status"), "there is no profile nobody"),
    (3, typed("--user", "bob", "whoami"), "there is no login for bob"),
    (3, typed("--user", "bob", "doctor"), ""),
    (4, without_a_server("read"), "nothing listens"),
    (4, without_a_server("status"), "nothing listens"),
    (4, without_a_server("doctor"), ""),
    (5, without_a_server("write", "on the train"), "queued "),
    (6, typed("write", stdin="x" * 1_100_000), "nothing was saved"),
    (7, typed("show", "0" * 32), "no entry in the diary"),
    (8, on_a_full_disk, "standard output cannot be written: No space left on device"),
    (130, interrupted, "interrupted; there was no text yet"),
]


@pytest.mark.parametrize(
    ("status", "ending", "words"),
    [pytest.param(*case, id=f"{case[0]}-{number}") for number, case in enumerate(CASES)],
)
def test_the_status_says_how_it_ended(
    shared: Server, home: Home, status: int, ending: Ending, words: str
) -> None:
    """And one line says it in words."""
    home.login(shared, "alice")
    found, message = ending(home, shared)
    assert found == status, message
    assert words in message
    assert "Traceback" not in message


def test_the_guide_lists_them_all() -> None:
    """Each row of its table is shown by a case above, and no case lacks its row."""
    rows = re.findall(r"^\| (\d+) \| \S.* \|$", GUIDE.read_text(), re.MULTILINE)
    assert [int(row) for row in rows] == sorted({status for status, _, _ in CASES})
