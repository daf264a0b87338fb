"""Has a running server run an operator's command: the other end of `diaryserver.admin.socket`.

Rules: as there. Nothing of the server itself is imported, since an operator waits for it.
"""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from diaryserver.admin.operations import Json
from diaryserver.errors import DataError
from protocol.errors import DiaryError

SOCKET_NAME: Final = "admin.sock"
MAX_ANSWER: Final = 64 * 2**20
PATIENCE_SECONDS: Final = 10.0


def ask_running_server(data: Path, command: str, arguments: Mapping[str, object]) -> Json:
    """Have the server that holds the data lock run a command; raise what it raised.

    Raise DataError if no server answers.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(PATIENCE_SECONDS)
            with short_path(data / SOCKET_NAME) as path:
                asking.connect(path)
            question = {"command": command, "arguments": dict(arguments)}
            asking.sendall(json.dumps(question).encode() + b"\n")
            with asking.makefile("rb") as file:
                answer: dict[str, Any] = json.loads(file.readline(MAX_ANSWER))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{data} is in use by another process, and its server does not answer: {error}"
        ) from None
    if "error" in answer:
        raise _AnsweredError(answer["error"], int(answer["status"]))
    result: Json = answer["result"]
    return result


class _AnsweredError(DiaryError):
    """An error that the running server raised; it keeps its exit status."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status  # type: ignore[misc]


@contextmanager
def short_path(path: Path) -> Iterator[str]:
    """Name a socket below an open folder: its name may hold 107 bytes only (unix(7))."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
