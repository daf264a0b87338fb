"""The admin socket of a running server: one JSON line asks, one JSON line answers.

Rules: `admin.sock` lies in the data folder (0700) and is 0600 itself: who may open it is the
operator. A line is at most 64 KiB and must come within ten seconds; one command a connection.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from diaryserver.admin.caller import PATIENCE_SECONDS, SOCKET_NAME, short_path
from diaryserver.admin.operations import Json
from diaryserver.service.work.threads import Worker
from protocol.errors import DiaryError

MAX_LINE: Final = 65_536
"""A list of some 500 users is longer: only questions are bounded so, not answers."""

MAX_CONNECTIONS: Final = 16
"""Operators are few; the listen queue makes the next ones wait."""

Run = Callable[[str, Mapping[str, object]], Json]
logger = logging.getLogger(__name__)


class AdminSocket:
    """The server's end; commands run on the accounts' worker."""

    def __init__(self, data: Path, run: Run, worker: Worker) -> None:
        """`run` is `Operations.run`."""
        self._path = data / SOCKET_NAME
        self._run = run
        self._worker = worker
        self._free = asyncio.Semaphore(MAX_CONNECTIONS)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, in place of the socket that a killed server left behind."""
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with short_path(self._path) as path:
            # The folder is 0700, so nobody gets in between bind and chmod.
            listening.bind(path)
        self._path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MAX_LINE)

    async def close(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._free, asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._answer(await reader.readuntil(b"\n"))
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            logger.warning("an admin command was cut off")
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Json]:
        try:
            question = json.loads(line)
            command, arguments = question["command"], question["arguments"]
            return {"result": await self._worker.run(self._run, command, arguments)}
        except DiaryError as error:
            return {"error": str(error), "status": error.exit_status}
        except (ValueError, TypeError, KeyError):
            return {"error": "not an admin command", "status": 2}
