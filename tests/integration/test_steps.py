"""A server that dies at a chosen step between receiving and being done: nothing is lost or doubled.

The real program kills itself there (`DIARY_DEBUG_DIE_AT`); then it is started without that, asked
for everything again, and its files are read by the format's own parser.
"""

import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from diaryserver.announcing.steps import DIE_AT_VARIABLE, Step, announcer
from diaryserver.cli import main
from diaryserver.errors import ConfigurationError
from protocol.dayfile import Written, parse_day_file
from protocol.identifiers import EntryId
from protocol.messages.diary import Clear, Cleared
from protocol.messages.writing import Put, Stored
from protocol.stamp import Stamp
from tests.in_process import run_in_process
from tests.integration.wire import Token, Wire, new_id, now, wire_to
from tests.programs import (
    PASSWORD,
    PATIENCE_SECONDS,
    Server,
    run_program,
    start_server,
    write_config,
)

LOOK = 0.02
"""Seconds between looks at whether the server is dead, and no answer will come."""

WRITING = [step for step in Step if step is not Step.TOKEN_KEPT]
"""The steps of an entry; that of a log-in has its tests in `test_lost_answers`."""

ONCE_A_CHECKPOINT = {Step.JOURNAL_CREATED, Step.CHECKPOINT_SYNCED, Step.JOURNAL_DROPPED}

FIRST_MOMENT: Final = 1_735_689_600_000
_DAYS: Final = count()


class Writer:
    """Writes under one login and remembers what was asked for and what was acknowledged."""

    def __init__(self, server: Server, token: Token) -> None:
        """`server` has the user alice, and this is a login of hers."""
        self.server = server
        self._token = token
        self._asked: dict[EntryId, Put | Clear] = {}
        self._acknowledged: set[EntryId] = set()
        # A day of its own: the ledger remembers the others' clears, wherever their diaries went.
        self._moment = FIRST_MOMENT + next(_DAYS) * 86_400_000
        self._today = Stamp(self._moment, 0).day
        self._generation = 0

    def live_until_death(self, step: Step) -> None:
        """Write, clear and have checkpoints made until the server is dead, at `step`."""
        for round_number in range(2):
            for number in range(2):
                self._ask(Put(now(), 0, f"round {round_number}\nentry {number}"))
            # Of a day which the clear below sets aside.
            put = Put(self._moment, 0, "to be cleared")
            self._ask(put)
            self._ask(Clear(self._today, self._generation))
            self._generation += 1
            if step in ONCE_A_CHECKPOINT:
                self._checkpoint(f"somebody-{round_number}")
        self._wait_for_death()

    def ask_again(self) -> None:
        """Ask for everything once more: each gets its answer."""
        for rid, request in self._asked.items():
            answer = self._token.ask(request, rid)
            if isinstance(request, Put):
                assert isinstance(answer, Stored), answer
                assert answer.dup or rid not in self._acknowledged
            else:
                assert isinstance(answer, Cleared), answer

    def check_acknowledged(self) -> None:
        """What was acknowledged is on the disk once, the rest once or not at all."""
        found = self._stored()
        assert len(found) == len(set(found))
        assert self._acknowledged <= set(found) <= self._writes()

    def check_all(self) -> None:
        """Everything is on the disk once."""
        assert sorted(self._stored()) == sorted(self._writes())

    def _writes(self) -> set[EntryId]:
        return {rid for rid, request in self._asked.items() if isinstance(request, Put)}

    def _ask(self, request: Put | Clear) -> None:
        if self._is_dead():
            return
        rid = new_id()
        self._asked[rid] = request
        datagram = self._token.request(request, rid)
        reply = self._exchange(datagram)
        if reply is not None:
            answer = self._token.opened(reply, datagram, request)
            assert isinstance(answer, Stored | Cleared), answer
            if isinstance(answer, Stored):
                self._acknowledged.add(rid)

    def _exchange(self, datagram: bytes) -> bytes | None:
        wire = self._token.wire
        try:
            wire.send(datagram)
            while True:
                is_dead = self._is_dead()
                reply = wire.receive(LOOK)
                if reply is not None or is_dead:
                    return reply
        except ConnectionRefusedError:
            return None

    def _checkpoint(self, user: str) -> None:
        # Removing a diary makes all others durable first.
        if not self._is_dead():
            self.server.operate("user", "add", user)
            self.server.operate("user", "remove", user, "--yes")

    def _wait_for_death(self) -> None:
        # A killed process closes its sockets before it has ended: what it was asked last may have
        # failed already while it can still be seen.
        try:
            self.server.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            pytest.fail("it outlived all of it")

    def _is_dead(self) -> bool:
        return self.server.process.poll() is not None

    def _stored(self) -> list[EntryId]:
        found = []
        for path in sorted((self.server.data / "diaries").rglob("*.log")):
            for record in parse_day_file(path.read_bytes()):
                assert isinstance(record, Written), (path, record)
                found.append(record.id)
        return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Wire, Token]]:
    """A server with the user alice, logged in."""
    server = start_server(tmp_path_factory.mktemp("server"))
    server.add_user("alice")
    with wire_to(server.address) as wire:
        token = wire.token("alice", PASSWORD)
        token.put("the first use of this token")
        yield server, wire, token
    server.stop()


@pytest.fixture
def writer(served: tuple[Server, Wire, Token]) -> Writer:
    """An empty diary on a server that has stopped orderly."""
    server, _, token = served
    if server.stop() != 0:
        # A test that failed has left a journal: it belongs to the diary that is moved away.
        server.restart()
        server.stop()
    for path in (server.data / "diaries").iterdir():
        path.rename(server.data / "removed" / f"{path.name}.{new_id().hex()}")
    return Writer(server, token)


def drained(token: Token) -> None:
    """Forget what the dead server or the kernel still had to say."""
    while True:
        try:
            if token.wire.receive(0.05) is None:
                return
        except ConnectionRefusedError:
            continue


@pytest.mark.parametrize(
    ("step", "number"), [(step, 1 + index % 2) for index, step in enumerate(WRITING)]
)
def test_a_kill_at_any_step_loses_and_doubles_nothing(
    writer: Writer, step: Step, number: int
) -> None:
    """Acknowledged: there once. Not acknowledged: once or not, and once after its repetition."""
    server = writer.server
    server.restart("env", f"{DIE_AT_VARIABLE}={step}:{number}")
    writer.live_until_death(step)
    assert server.stop() == -signal.SIGKILL
    server.restart()
    writer.check_acknowledged()
    drained(writer._token)
    writer.ask_again()
    writer.check_all()
    assert "damaged" not in server.log


@pytest.mark.parametrize("step", [Step.DAY_WRITTEN, Step.CHECKPOINT_SYNCED, Step.JOURNAL_DROPPED])
def test_a_kill_while_the_journal_is_replayed_is_replayed_again(writer: Writer, step: Step) -> None:
    """A start that dies at any of its steps leaves the next one the same work."""
    server = writer.server
    server.restart("env", f"{DIE_AT_VARIABLE}={Step.JOURNAL_SYNCED}:2")
    writer.live_until_death(Step.JOURNAL_SYNCED)
    died = run_program("diaryserver", "--config", server.config, env={DIE_AT_VARIABLE: step})
    assert died.status == -signal.SIGKILL
    server.restart()
    writer.check_acknowledged()
    drained(writer._token)
    writer.ask_again()
    writer.check_all()


@pytest.mark.parametrize("wanted", ["nowhere", "received:x", ":1", "reply-sent:1:2"])
def test_a_step_that_there_is_not_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    """Exit 2, and the steps are named."""
    write_config(tmp_path, 0)
    monkeypatch.setenv(DIE_AT_VARIABLE, wanted)
    done = run_in_process(partial(main, ["--config", str(tmp_path / "server.toml")]))
    assert done.status == 2
    [line] = done.err.splitlines()
    assert line.startswith(f"diaryserver: {DIE_AT_VARIABLE}={wanted}: write a step and a count")
    assert "journal-synced" in line


def test_without_the_variable_nobody_listens() -> None:
    """Then nothing stands in the way of a request."""
    assert announcer({}) is None
    assert announcer({DIE_AT_VARIABLE: ""}) is None
    with pytest.raises(ConfigurationError):
        announcer({DIE_AT_VARIABLE: "received:0"})


def test_the_document_names_every_step() -> None:
    """docs/OPERATIONS.md lists what the variable takes."""
    text = (Path(__file__).parents[2] / "docs" / "OPERATIONS.md").read_text()
    assert DIE_AT_VARIABLE in text
    for step in Step:
        assert f"`{step}`" in text
