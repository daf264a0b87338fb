"""rsyslog as Debian ships it: lines by UDP into one file a user and day, nothing synced."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.processes import PATIENCE_SECONDS, running

OPEN_FILES: Final = 2_000
"""rsyslog keeps so many open: with fewer than users it would open and close one a line."""

_CONFIGURATION: Final = """\
global(workDirectory="{folder}")
module(load="imudp")
template(name="day" type="string"
  string="{folder}/logs/%programname%/%$year%-%$month%-%$day%.log")
template(name="line" type="string" string="%timegenerated:::date-rfc3339% %msg%\\n")
input(type="imudp" address="127.0.0.1" port="{port}" rcvbufSize="4m")
action(type="omfile" dynaFile="day" template="line" dynaFileCacheSize="{open_files}" sync="off")
"""


@dataclass(frozen=True, slots=True)
class Rsyslog:
    """A running rsyslog."""

    process: subprocess.Popen[bytes]
    port: int
    logs: Path

    def lines(self) -> int:
        """Count what it has written so far."""
        return sum(path.read_bytes().count(b"\n") for path in self.logs.rglob("*.log"))


def program() -> str | None:
    """Give where rsyslogd is, if it is installed."""
    return shutil.which("rsyslogd", path="/usr/sbin:/sbin:/usr/bin:/usr/local/sbin")


@contextmanager
def rsyslog(folder: Path, core: int) -> Iterator[Rsyslog]:
    """Run one that keeps all it has in a folder; raise BenchmarkError if it does not start."""
    words = program()
    if words is None:
        raise BenchmarkError("rsyslog is not installed")
    folder.mkdir()
    port = _free_port()
    configuration = folder / "rsyslog.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, open_files=OPEN_FILES))
    command: list[str | Path] = [words, "-n", "-f", configuration, "-i", folder / "pid"]
    with running(command, core, folder / "output") as process:
        _wait_until_bound(port, process)
        yield Rsyslog(process, port, folder / "logs")


def line(user: str, text: str) -> bytes:
    """Give a datagram of the old syslog protocol (RFC 3164), as `logger` sends it."""
    return f"<14>Nov 22 18:40:48 host {user}: {text}".encode()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _wait_until_bound(port: int, process: subprocess.Popen[bytes]) -> None:
    end_of_patience = time.perf_counter() + PATIENCE_SECONDS
    while f":{port:04X} " not in Path("/proc/net/udp").read_text():
        if process.poll() is not None or time.perf_counter() > end_of_patience:
            raise BenchmarkError("rsyslog did not start")
        time.sleep(0.02)
