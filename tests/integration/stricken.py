"""A diary on a server that something is done to: what was acknowledged and what it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from protocol.dayfile import Written, parse_day_file
from protocol.errors import NOT_YET
from protocol.identifiers import EntryId
from protocol.messages.account import Identity, Ping
from protocol.messages.base import Refusal
from protocol.messages.writing import Stored
from tests.integration.wire import Token, new_id, now, wire_to
from tests.programs import PASSWORD, Server

LONG: Final = "a long entry " * 70
QUIET_LOG: Final = 6
"""Lines that one fault and its end may cost, however many requests meet it."""


class Diary:
    """Alice's diary on a server under test."""

    def __init__(self, server: Server, token: Token) -> None:
        """Everything is written to one day, which cannot end meanwhile."""
        self.server = server
        self.token = token
        self._at = now()
        self.stored: list[EntryId] = []
        self._log_before = server.log

    def put(self, text: str = "a line", rid: EntryId | None = None) -> str:
        """Write; give the refusal's code, or "" if it was stored."""
        rid = rid or new_id()
        answer = self.token.put(text, rid, self._at)
        if isinstance(answer, Refusal):
            assert answer.code in NOT_YET, answer
            return str(answer.code)
        assert isinstance(answer, Stored)
        if not answer.dup:
            self.stored.append(rid)
        return ""

    def put_until_refused(self, text: str = LONG) -> tuple[EntryId, str]:
        """Write entries until one is refused; give it and the code."""
        for _ in range(1000):
            rid = new_id()
            if code := self.put(text, rid):
                return rid, code
        raise AssertionError("nothing was refused")

    def answers(self) -> bool:
        """Tell whether the server still answers at all."""
        return isinstance(self.token.ask(Ping()), Identity)

    @property
    def logged(self) -> str:
        """What the server has said since, if it was not started anew."""
        return self.server.log.removeprefix(self._log_before)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.server.data / "diaries" / "alice"

    @property
    def file(self) -> Path:
        """The file of the day."""
        [path] = self.server.day_files("alice")
        return path

    def ids(self) -> list[EntryId]:
        """Give the ids in all its files, renamed ones too; nothing may be foreign."""
        found = []
        for path in sorted(self.folder.glob("*.log*")):
            for record in parse_day_file(path.read_bytes()):
                assert isinstance(record, Written), (path, record)
                found.append(record.id)
        return found

    def check(self) -> None:
        """What was acknowledged is there once, in order, and nothing else is."""
        assert self.ids() == self.stored


@contextmanager
def opened(server: Server) -> Iterator[Diary]:
    """Log alice in."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        yield Diary(server, wire.token("alice", PASSWORD))
