"""Completion: commands, ids, tags and profiles, in time, and nothing else at the prompt."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from diaryclient.commands.shared.completing import within_bounds
from diaryclient.errors import UnreachableError
from diaryclient.home.logins import Logins
from protocol.address import Address
from tests.client.fakes import FakeClock, FakeServer, login_to
from tests.client.loopback import Loopback, Run


def complete(line: str, environment: dict[str, str], shell: str = "bash") -> list[str]:
    """Press Tab at the end of a line, and give what the shell's function is given."""
    words = line.split(" ")
    asked = {
        "_DIARYCLIENT_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1) if shell == "zsh" else words[-1],
    }
    done = subprocess.run(
        [sys.executable, "-m", "diaryclient"],
        env=os.environ | environment | asked,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1]


@pytest.fixture
def written(run: Run, logged_in: Loopback) -> list[str]:
    """Two entries; gives their short ids, the newest first."""
    texts = ("Walked, far. @Outside", "now @work: \x1b[2J")
    return [run("write", text)[1].split()[1] for text in texts][::-1]


def test_ids_come_with_time_and_title(written: list[str], environment: dict[str, str]) -> None:
    """The newest first; the beginning of a short id narrows them down."""
    rows = complete("diaryclient show ", environment, "fish")
    assert [row.split("\t")[0] for row in rows] == [f"plain,{each}" for each in written]
    assert rows[0].endswith(r" now @work: \x1b[2J")
    assert rows[1].endswith(" Walked, far. @Outside")
    assert complete(f"diaryclient show {written[0][:4]}", environment) == [f"plain,{written[0]}"]


def test_tags_of_the_diary(written: list[str], environment: dict[str, str]) -> None:
    """In bash, which breaks words at @, and joined to an option too."""
    assert complete("diaryclient read --tagged @w", environment) == ["plain,@work"]
    assert complete("diaryclient read --tagged=@W", environment) == ["plain,@work"]
    rows = complete("diaryclient read --not ", environment, "zsh")
    assert [row for row in rows if row.startswith("@")] == ["@outside", "@work"]


def test_what_is_known_here_asks_nobody(
    environment: dict[str, str], state: Path, tmp_path: Path
) -> None:
    """Commands, profiles and what waits."""
    assert complete("diaryclient statu", environment) == ["plain,status"]
    (tmp_path / "config/diaryclient").mkdir(parents=True)
    config = tmp_path / "config/diaryclient/config.toml"
    config.write_text('[profile.work]\nuser = "bob"\n[profile.home]\n')
    assert complete("diaryclient --profile w", environment) == ["plain,work"]
    config.write_text("[profile")
    assert complete("diaryclient --profile w", environment) == [""]
    assert complete("diaryclient outbox drop ", environment) == [""]
    assert complete("diaryclient show ", environment) == [""]
    assert not state.exists()


def test_what_waits_can_be_dropped(
    run: Run, logged_in: Loopback, environment: dict[str, str], state: Path
) -> None:
    """By an id from the outbox."""
    away = logged_in.login._replace(address=Address("127.0.0.1", 1), created=2**41)
    Logins(state / "logins").save(away)
    waiting = run("write", "waits")[2].split()[1].rstrip(":")
    assert complete("diaryclient outbox drop ", environment) == [f"plain,{waiting}"]


def test_a_silent_server_does_not_hold_the_prompt(environment: dict[str, str], state: Path) -> None:
    """It is asked, and there is nothing to complete."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = Address("127.0.0.1", silent.getsockname()[1])
        login = login_to(FakeServer(FakeClock()))._replace(address=address)
        Logins(state / "logins").save(login)
        assert complete("diaryclient show ", environment) == [""]


def test_what_never_comes_is_not_waited_for() -> None:
    """The bound holds whatever the search is waiting for."""
    never = threading.Event()

    def find() -> Iterator[str]:
        never.wait()
        yield "late"

    assert within_bounds(find, seconds=0.01) == []
    never.set()


def test_what_fails_gives_what_came_before() -> None:
    """An error is no completion."""

    def find() -> Iterator[str]:
        yield "early"
        raise UnreachableError("nothing that is shown")

    assert within_bounds(find, seconds=20) == ["early"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_function(run: Run, shell: str) -> None:
    """That sets what the client looks for."""
    status, out, _ = run("completion", shell)
    assert status == 0
    assert f"_DIARYCLIENT_COMPLETE={shell}_complete" in out
    assert {"bash": "COMP_LINE", "fish": "--max 1"}.get(shell, "") in out
    if shutil.which(shell):
        done = subprocess.run([shell, "-n", "-c", out], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_bash_completes_a_tag(written: list[str], environment: dict[str, str]) -> None:
    """With the real shell, whose words and whose replacement of them are its own."""
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    given = environment | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PS1": "$ ",
        "TERM": "dumb",
    }
    options = ["--norc", "--noprofile", "-i"]
    bash = pexpect.spawn("bash", options, env=given, encoding="utf-8", timeout=20)
    bash.sendline("source <(diaryclient completion bash); echo ready $?")
    bash.expect_exact("ready 0")
    bash.send("diaryclient read --tagged @w\t")
    bash.expect_exact("@work ")
    bash.close(force=True)
