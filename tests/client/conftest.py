"""What the tests of the commands share: a home, a served fake, and a way to type."""

import io
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from diaryclient.cli import main
from diaryclient.home.logins import Logins
from tests.client.desk import Desk
from tests.client.loopback import Loopback, Run


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A served fake."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        server = Loopback(bound)
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        bound.sendto(b"", bound.getsockname())
        thread.join()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The client's state folder."""
    return tmp_path / "state" / "diaryclient"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home with nothing in it."""
    return {
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": str(tmp_path / "machine"),
        "VISUAL": "",
        "EDITOR": "",
    }


@pytest.fixture
def run(
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Type a command: status, stdout, stderr."""

    def typed(*words: str, stdin: bytes = b"", **variables: str) -> tuple[int, str, str]:
        with TemporaryFile() as given, io.TextIOWrapper(given) as stream:
            given.write(stdin)
            given.seek(0)
            monkeypatch.setattr(sys, "stdin", stream)
            status = main(words, environment | variables)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return typed


@pytest.fixture
def logged_in(loopback: Loopback, state: Path) -> Loopback:
    """A served fake, and a login to it."""
    Logins(state / "logins").save(loopback.login)
    return loopback


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a login and an empty diary."""
    return Desk(tmp_path)
