"""Past months in gzip, beside a real server and under the real `zcat`, `zgrep` and `gunzip`."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from protocol.messages.writing import Stored
from tests.integration.wire import wire_to
from tests.programs import PASSWORD, PATIENCE_SECONDS, Home, Server, start_server

A_DAY: Final = "2020-02-29"
NOON: Final = 1_582_977_600_000
TEXT: Final = "the weather of 2020 @weather"


@pytest.fixture
def compressing(tmp_path: Path) -> Iterator[Server]:
    """A server that keeps this month plain, and alice's diary with a day of 2020 in gzip."""
    running = start_server(tmp_path / "server", extra="[storage]\ncompress_after_months = 1\n")
    running.add_user("alice")
    with wire_to(running.address) as wire:
        token = wire.token("alice", PASSWORD)
        assert isinstance(token.put(TEXT, at=NOON), Stored)
        assert isinstance(token.put("today"), Stored)
    running.stop()
    os.utime(day_file(running), (0, 0))
    running.restart()
    wait_for(compressed_file(running))
    yield running
    running.stop()


def day_file(server: Server) -> Path:
    """Give the plain file of that day."""
    return server.data / f"diaries/alice/{A_DAY}.log"


def compressed_file(server: Server) -> Path:
    """Give the compressed file of that day."""
    return server.data / f"diaries/alice/{A_DAY}.log.gz"


def wait_for(path: Path) -> None:
    """Wait until the server made a file, and removed the other one."""
    for _ in range(PATIENCE_SECONDS * 50):
        if path.exists() and not path.with_name(path.name.removesuffix(".gz")).exists():
            return
        time.sleep(0.02)
    raise AssertionError(f"{path.name} was not made")


def run(*words: str | Path) -> str:
    """Run a program of the system, which must succeed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_past_month_is_gzip_to_the_operator_and_a_diary_to_its_user(
    compressing: Server, home: Home, tmp_path: Path
) -> None:
    """Its user notices nothing, a late entry makes it plain again, and a hand may do both."""
    plain, compressed = day_file(compressing), compressed_file(compressing)
    assert TEXT in run("zcat", compressed)
    run("gzip", "--test", compressed)
    days = sorted(plain.parent.glob("*.log*"))
    assert len(days) == 2
    assert run("zgrep", "-h", "-o", "@weather", *days) == "@weather\n"
    home.login(compressing, "alice")
    read = ["read", "--on", A_DAY, "--format", "txt"]
    assert TEXT in home.speak(*read).out
    assert TEXT in home.speak("search", "weather", "--format", "txt").out
    assert "no faults; 2 entries in 2 day files" in compressing.operate("verify").err
    assert compressing.operate("backup", str(tmp_path / "copy")).status == 0
    copy = tmp_path / f"copy/diaries/alice/{A_DAY}.log.gz"
    assert copy.read_bytes() == compressed.read_bytes()
    assert home.speak("write", "--at", f"{A_DAY} 13:00", "late").status == 0
    assert not compressed.exists()
    assert plain.read_text().endswith(" late\n")
    for program, path in (("gzip", plain), ("gunzip", compressed)):
        run(program, path)
        both = home.speak(*read).out
        assert TEXT in both
        assert "late" in both
