"""Nobody who asks for much makes the others wait longer than for one piece of his work."""

import asyncio
import threading
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.work.threads import Worker
from diaryserver.service.work.turns import URGENT, Turns
from protocol.errors import BusyError

parties = st.sampled_from(["alice", "bob", "carol"])


def taken(turns: Turns) -> list[str]:
    """Take everything, and give what it says."""
    said: list[str] = []
    while True:
        try:
            work, _ = turns.take(0.0)
        except IndexError:
            return said
        work()
        said.append(_said.pop())


_said: list[str] = []


def put(turns: Turns, party: str, word: str) -> None:
    """Let a word wait."""
    turns.put(lambda: _said.append(word), party)


@given(st.lists(parties, max_size=40))
def test_parties_take_turns_and_each_has_its_own_order(order: list[str]) -> None:
    """Nobody has two turns while another one waits, and nothing is lost or done twice."""
    turns = Turns()
    for number, party in enumerate(order):
        put(turns, party, f"{party} {number:02}")
    said = taken(turns)
    assert sorted(said) == sorted(f"{party} {number:02}" for number, party in enumerate(order))
    for party in set(order):
        own = [each for each in said if each.startswith(party)]
        assert own == sorted(own)
    runs = [(party, len(list(run))) for party, run in groupby(each.split()[0] for each in said)]
    assert all(length == 1 for _, length in runs[:-1])


def test_of_three_thousand_searches_one_is_in_front_of_anothers_read() -> None:
    """And none in front of an append, whenever that comes."""
    turns = Turns(max_waiting=3000)
    for _ in range(3000):
        put(turns, "mallory", "search")
    put(turns, "alice", "read")
    put(turns, URGENT, "append")
    assert taken(turns)[:3] == ["append", "search", "read"]


def test_whoever_has_too_much_waiting_is_told_so_and_nobody_else_is() -> None:
    """The bound is a party's; what is urgent has its own, in the committer."""
    turns = Turns(max_waiting=2)
    for _ in range(2):
        put(turns, "mallory", "search")
    with pytest.raises(BusyError, match="too many of your requests"):
        put(turns, "mallory", "search")
    put(turns, "alice", "read")
    for _ in range(9):
        put(turns, URGENT, "append")
    assert len(taken(turns)) == 12


def test_a_worker_serves_what_is_urgent_first_then_parties_in_turns() -> None:
    """On its thread, as in the pure queue; what fails fails for who asked."""
    said: list[str] = []

    async def ask() -> None:
        worker, gate = Worker("test"), threading.Event()
        first = asyncio.create_task(worker.run(gate.wait))
        words = [("mallory", 1), ("mallory", 2), ("alice", 3), (URGENT, 4)]
        tasks = [
            asyncio.create_task(worker.of(party).run(said.append, f"{party} {number}"))
            for party, number in words
        ]
        failing = asyncio.create_task(worker.of("alice").run(said.index, "nothing"))
        await asyncio.sleep(0)  # now all of them wait for the worker
        gate.set()
        await asyncio.gather(first, *tasks)
        with pytest.raises(ValueError, match="nothing"):
            await failing
        worker.close()

    asyncio.run(ask())
    assert said == [" 4", "mallory 1", "alice 3", "mallory 2"]
