"""A server whose disk takes longer than a person waits, as processes."""

import sys
from pathlib import Path

import pytest

from tests.programs import Home, Server


@pytest.fixture
def hanging(server: Server, home: Home, tmp_path: Path) -> Path:
    """Log alice in at a server whose disk hangs while the given file exists; it does not yet."""
    server.add_user("alice")
    blocking = tmp_path / "blocking"
    server.stop()
    server.restart(sys.executable, "-m", "tests.integration.hanging_disk", str(blocking))
    home.login(server, "alice")
    return blocking


@pytest.mark.parametrize("is_used", [True, False])
def test_a_slow_disk_is_no_lost_login(
    server: Server, home: Home, hanging: Path, *, is_used: bool
) -> None:
    """The entry is queued, exit 5, though the login's first use waits for the disk as well.

    As soon as the disk is back the entry is stored, once, whether it was sent again or not.
    """
    if is_used:
        assert home.client("write", "before").status == 0
    hanging.touch()
    done = home.client("write", "slow")
    assert (done.status, done.out) == (5, "")
    assert done.err.startswith("queued ")
    assert f"{server.address} is up and knows this login, but is slow" in done.err
    hanging.unlink()
    done = home.client("outbox", "flush")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("saved ")
    assert [row.split(" ", 3)[3] for row in home.speak("read").out.splitlines()] == [
        *["before"] * is_used,
        "slow",
    ]
