"""A short torture, always the same seed; `make torture` runs long ones."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from protocol.dayfile import Written, format_record
from protocol.identifiers import Username
from protocol.messages.writing import Put
from protocol.stamp import Stamp
from tests.integration.wire import new_id
from tests.torture.ledger import Attempt, Fate, Ledger
from tests.torture.scene import Plan, Scene
from tests.torture.verdict import PROGRAMS, judge

AT: Final = 1_767_225_600_000
ALICE: Final = Username("alice")


@pytest.mark.timeout(180)
def test_kills_on_a_bad_network_lose_and_double_nothing(tmp_path: Path) -> None:
    """Every promise of the server and of the client, under kills of both."""
    plan = Plan(kills=3, writes=200, seed=22, minutes=2, users=3, in_flight=16)
    scene = Scene(tmp_path, plan)
    asyncio.run(scene.run())
    assert scene.ledger.violations == []
    counts = scene.ledger.counts
    assert counts["kills"] >= plan.kills
    assert counts["acknowledged"] >= plan.writes
    assert counts["datagrams lost"] > 100
    assert counts["duplicates answered"] > 10


# The verdict bites: each broken promise, planted, is found.


@pytest.fixture
def ledger() -> Ledger:
    """Two entries of alice's that were acknowledged, one that was given up, one of a program's."""
    attempts = [
        Attempt(ALICE, new_id(), Put(AT + number, 0, f"entry {number}"), Fate.ACKNOWLEDGED)
        for number in range(2)
    ]
    attempts.append(Attempt(ALICE, new_id(), Put(AT, 0, "given up"), Fate.GIVEN_UP))
    return Ledger(attempts, programs={"program 0": Fate.ACKNOWLEDGED})


def line(attempt: Attempt, text: str = "") -> bytes:
    """Give an attempt's line."""
    return format_record(Written(attempt.stamp, attempt.id, text or attempt.request.text))


def judged(folder: Path, ledger: Ledger, *lines: bytes) -> list[str]:
    """Give the verdict on a diary of alice's that has these lines."""
    for user, data in ((ALICE, b"".join(lines)), (PROGRAMS, PROGRAM)):
        place = folder / "diaries" / user
        place.mkdir(parents=True)
        (place / "2026-01-01.log").write_bytes(data)
    judge(folder, ledger)
    return ledger.violations


PROGRAM: Final = format_record(Written(Stamp(AT, 0), new_id(), "program 0"))


def test_a_kept_promise_is_no_violation(tmp_path: Path, ledger: Ledger) -> None:
    """With or without what was given up."""
    one, two, given_up = map(line, ledger.attempts)
    assert judged(tmp_path / "with", ledger, one, two, given_up) == []
    assert judged(tmp_path / "without", ledger, one, two) == []


def test_every_broken_promise_is_found(tmp_path: Path, ledger: Ledger) -> None:
    """Lost, doubled, changed, foreign, of nobody, of another day."""
    one, two, given_up = map(line, ledger.attempts)
    stranger = format_record(Written(Stamp(AT, 0), new_id(), "of nobody"))
    elsewhere = format_record(Written(Stamp(AT + 86_400_000, 0), new_id(), "of tomorrow"))
    broken = {
        "is lost": [one],
        "is there 2 times: acknowledged": [one, two, one],
        "is there 2 times: given up": [one, two, given_up, given_up],
        "and was": [one, line(ledger.attempts[1], "changed")],
        "what nobody wrote": [one, two, b"foreign\n"],
        "nobody wrote": [one, two, stranger],
        "of another day": [one, two, elsewhere],
    }
    for number, (words, lines) in enumerate(broken.items()):
        ledger.violations.clear()
        [found] = judged(tmp_path / str(number), ledger, *lines)
        assert words in found


def test_a_promise_of_the_client_is_one_too(tmp_path: Path, ledger: Ledger) -> None:
    """A text that diaryclient said was saved, or queued and then sent, is there once."""
    one, two, _ = map(line, ledger.attempts)
    ledger.programs = {"program 0": Fate.UNKNOWN, "program 1": Fate.ACKNOWLEDGED}
    [found] = judged(tmp_path, ledger, one, two)
    assert "'program 1', and it is lost" in found
