"""The real programs as processes on loopback: a server on a free port, a client in its own home.

Nothing here is patched: what these run is what a user installs. Every wait is bounded. Only the
operator's commands and `Home.login` run inside the test's own process.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from diaryclient.cli import main as speak
from diaryserver.cli import main as operate
from tests.in_process import Finished, run_in_process

PATIENCE_SECONDS: Final = 20
"""For a whole program run; two busy cores may make a 0.1 s start ten times slower."""

PASSWORD: Final = "correct horse $*%# 电池"
BIN: Final = Path(sys.executable).parent
_READY: Final = re.compile(r"diaryserver: ready udp (\S+):(\d+)")


def run_program(
    *words: str | Path,
    stdin: str | bytes = "",
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Finished:
    """Run an installed program to its end."""
    given = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [str(BIN / words[0]), *map(str, words[1:])],
        input=given,
        capture_output=True,
        env=os.environ | (env or {}),
        cwd=cwd,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass
class Server:
    """A server process and its folder."""

    folder: Path
    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        """Its first address, as a client is told it."""
        return f"127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "server.toml"

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def log(self) -> str:
        """What it has written to standard error so far."""
        return (self.folder / "log").read_text()

    def operate(self, *words: str, stdin: str | bytes = "") -> Finished:
        """Run an operator's command on it, in this process."""
        given = ["--config", str(self.config), *words]
        return run_in_process(partial(operate, given), stdin)

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def users(self) -> list[dict[str, object]]:
        """List users as a program would."""
        done = self.operate("user", "list", "--json")
        assert (done.status, done.err) == (0, "")
        listed: list[dict[str, object]] = json.loads(done.out)
        return listed

    def add_user(self, name: str, password: str = PASSWORD) -> None:
        """Create a user with a password."""
        done = self.operate("user", "add", name, "--password-stdin", stdin=password + "\n")
        assert done.status == 0, done.err

    def remove_user(self, name: str) -> None:
        """Remove a user."""
        done = self.operate("user", "remove", name, "--yes")
        assert done.status == 0, done.err

    def invite(self, name: str) -> str:
        """Create a user and give the invite."""
        done = self.operate("user", "add", name)
        assert done.status == 0, done.err
        return done.out.strip()

    def day_files(self, user: str) -> list[Path]:
        """Give the user's day files, in order."""
        return sorted((self.data / "diaries" / user).glob("*.log"))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it with a signal, unless it has ended, and give its exit status."""
        if self.is_running:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def restart(self, *before: str) -> None:
        """Start it again on the same port and data, after `stop`; `before` is a program to use."""
        self.stop()
        started = launch(self.folder, self.port, *before)
        self.process = started.process


def start_server(folder: Path, port: int = 0, extra: str = "") -> Server:
    """Write a configuration into `folder` and start a server with it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_config(folder, port, extra)
    return launch(folder, port)


def write_config(folder: Path, port: int, extra: str = "") -> None:
    """Write `server.toml`; `extra` is TOML that follows the [server] section's keys."""
    lines = f'[server]\nlisten = ["127.0.0.1:{port}"]\ndata_dir = "data"\n{extra}'
    (folder / "server.toml").write_text(lines)


def launch(folder: Path, port: int, *before: str) -> Server:
    """Start a server in a folder that has its configuration, and wait until it is ready.

    `before` are the words of a program that runs what follows it, as `nice` does.
    """
    if port:
        text = (folder / "server.toml").read_text()
        (folder / "server.toml").write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", text))
    process = spawn(folder, *before)
    return Server(folder, process, _wait_until_ready(folder, process))


def spawn(folder: Path, *before: str) -> subprocess.Popen[bytes]:
    """Start a server as `launch` does, and wait for nothing: it may never become ready."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*before, str(BIN / "diaryserver"), "--config", str(folder / "server.toml")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _wait_until_ready(folder: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(PATIENCE_SECONDS * 50):
        if ready := _READY.search((folder / "log").read_text()):
            return int(ready[2])
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"the server did not start: {(folder / 'log').read_text()}")


@dataclass(frozen=True)
class Home:
    """A person's home: where `diaryclient` keeps its settings and its logins."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What makes the programs live here and nowhere else."""
        return {
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CONFIG_DIRS": str(self.folder / "machine"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TZ": "UTC",
            "VISUAL": "",
            "EDITOR": "",
        }

    def client(
        self, *words: str, stdin: str | bytes = "", env: dict[str, str] | None = None
    ) -> Finished:
        """Run `diaryclient` here."""
        return run_program("diaryclient", *words, stdin=stdin, env=self.env | (env or {}))

    def speak(self, *words: str, stdin: str | bytes = "") -> Finished:
        """Run `diaryclient` here, in this process."""
        return run_in_process(partial(speak, words, self.env), stdin)

    def login(self, server: Server, user: str, password: str = PASSWORD) -> None:
        """Log in with a password, trusting the server; the command runs in this process."""
        words = ["login", server.address, user, "--accept-new", "--password-stdin"]
        done = run_in_process(partial(speak, words, self.env), password + "\n")
        assert done.status == 0, done.err
