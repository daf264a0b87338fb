"""Texts that no datagram holds: whole and once, whatever the way does to their parts."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.asking.exchange import PATIENCE
from diaryclient.asking.session import Session
from diaryclient.diary.keeping import keep
from diaryclient.errors import QueuedError, TextTooLongError
from protocol.errors import ConflictError, ErrorCode, MalformedError, ScopeError
from protocol.identifiers import EntryId
from protocol.messages.batch import EntryRow
from protocol.messages.parts import PART_BYTES, Part, Received
from protocol.messages.writing import MAX_LONG_TEXT_BYTES, MAX_TEXT_BYTES, Put, Stored
from tests.client.desk import EVER, Desk
from tests.client.fakes import ADDRESS, START, seeded
from tests.client.lossy_link import LossyTransport, Weather
from tests.client.network import lost

LONG = "".join(f"line {number} 今天\n" for number in range(1000))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A diary with everything around it."""
    return Desk(tmp_path)


def parts(desk: Desk) -> list[Part]:
    """Give the parts that reached the server, in their order."""
    return [request for _, request in desk.server.requests if isinstance(request, Part)]


def behind(desk: Desk, weather: Weather, seed: int) -> Callable[[], Session]:
    """Give what connects to the desk's server over a bad link."""
    link = LossyTransport(desk.clock, desk.server, random.Random(seed), weather)
    return lambda: Session(ADDRESS, link, desk.clock, seeded(seed))


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.2]))
def test_a_long_text_arrives_once_whatever_is_lost(
    tmp_path_factory: pytest.TempPathFactory, seed: int, loss: float
) -> None:
    """Parts and answers may be lost, doubled, late and in any order."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    weather = Weather(loss=loss, duplicate=0.1, reorder=0.1, delay=0.02)
    diary = desk.diary(connect=behind(desk, weather, seed))
    entry = keep(diary, LONG)
    try:
        diary.put(entry)
    except QueuedError:
        assert [each.text for each in diary.outbox.waiting()] == [LONG]
        desk.diary(2).put(entry)
    assert desk.texts() == [LONG]
    assert list(desk.outbox.entries()) == []


@pytest.mark.parametrize(
    "text", ["x" * (MAX_TEXT_BYTES + 1), "今" * (MAX_LONG_TEXT_BYTES // 3), "\0" * 2**18]
)
def test_every_text_up_to_the_longest_is_sent(desk: Desk, text: str) -> None:
    """And comes back as it was; each part but the last is as long as it may be."""
    diary = desk.diary()
    diary.put(keep(diary, text))
    assert desk.texts() == [text]
    assert {len(each.data) for each in parts(desk)[:-1]} == {PART_BYTES}
    assert len(parts(desk)) == parts(desk)[0].count


def test_a_longer_one_is_kept_and_not_sent(desk: Desk) -> None:
    """With how long it may be, where it is, and what to do."""
    diary = desk.diary()
    text = "x" * (MAX_LONG_TEXT_BYTES + 1)
    with pytest.raises(TextTooLongError, match=r"262145 bytes, an entry at most 262144.*split -C"):
        keep(diary, text)
    assert desk.server.kinds == []
    [kept] = desk.outbox.entries()
    assert (kept.text, kept.refused) == (text, ErrorCode.TOOBIG)
    assert TextTooLongError.exit_status == 6


def test_what_an_interrupted_attempt_brought_is_not_sent_again(desk: Desk) -> None:
    """The first answer tells what is there."""
    diary = desk.diary()
    entry = keep(diary, LONG)
    desk.transport.there = lambda datagram: [(0.0, datagram)] if len(parts(desk)) < 9 else []
    with pytest.raises(QueuedError, match="no answer"):
        diary.put(entry)
    before = {each.number for each in parts(desk)}
    desk.transport.there = lambda datagram: [(0.0, datagram)]
    desk.server.requests.clear()
    desk.diary(2).put(entry)
    again = [each.number for each in parts(desk)]
    assert len(before) > 5
    assert len(again) == len(set(again))
    # The first asks, and the window has let a few go by then.
    assert len(set(again) & before) == 1
    assert desk.texts() == [LONG]


def test_a_server_that_was_started_anew_gets_what_it_lacks(desk: Desk) -> None:
    """In the middle of it, and nobody has to type anything."""
    diary = desk.diary()
    entry = keep(diary, LONG)
    begun = len(desk.server.requests)

    def forgetful(datagram: bytes) -> list[tuple[float, bytes]]:
        if len(desk.server.requests) - begun == 10:
            desk.server.parts.clear()
        return [(0.01, datagram)]

    desk.transport.there = forgetful
    diary.put(entry)
    assert desk.texts() == [LONG]


def test_a_server_that_forgets_every_time_is_not_asked_for_ever(desk: Desk) -> None:
    """The text is kept."""
    diary = desk.diary()

    def forgetful(datagram: bytes) -> list[tuple[float, bytes]]:
        desk.server.parts.clear()
        return [(0.01, datagram)]

    desk.transport.there = forgetful
    with pytest.raises(QueuedError, match="does not keep what it is sent in parts"):
        diary.put(keep(diary, LONG))
    assert [each.text for each in desk.outbox.waiting()] == [LONG]


def test_a_lost_last_answer_is_asked_for_again(desk: Desk) -> None:
    """The server says that it has the entry; it is there once."""
    diary = desk.diary()
    swallowed: list[bytes] = []

    def back(answer: bytes) -> list[tuple[float, bytes]]:
        if desk.server.contents and not swallowed:
            swallowed.append(answer)
            return []
        return [(0.01, answer)]

    desk.transport.back = back
    diary.put(keep(diary, LONG))
    assert swallowed
    assert desk.texts() == [LONG]


def test_a_wrong_clock_is_corrected_before_the_rest_is_sent(desk: Desk) -> None:
    """The first part alone is refused, and what is stored has the right time."""
    desk.server.ahead = 3_600_000
    diary = desk.diary()
    stored = diary.put(keep(diary, LONG))
    assert abs(stored.at - START - 3_600_000) < 1000
    [put] = desk.server.contents.values()
    assert put.at == stored.at
    assert len(parts(desk)) == parts(desk)[0].count + 1


@pytest.mark.parametrize(
    ("code", "error"), [(ErrorCode.SCOPE, ScopeError), (ErrorCode.CONFLICT, ConflictError)]
)
def test_a_refusal_comes_after_one_part(
    desk: Desk, code: ErrorCode, error: type[Exception]
) -> None:
    """Nobody sends a quarter of a megabyte to be told that."""
    diary = desk.diary()
    desk.server.refusals.append(code)
    with pytest.raises(error):
        diary.put(keep(diary, LONG))
    assert len(parts(desk)) == 1


def test_a_silent_server_costs_the_usual_patience(desk: Desk) -> None:
    """Not that of every part."""
    diary = desk.diary()
    desk.transport.there = lost
    with pytest.raises(QueuedError):
        diary.put(keep(diary, LONG))
    assert desk.clock.monotonic <= PATIENCE


def test_an_answer_that_makes_no_sense_is_no_success(desk: Desk) -> None:
    """The text stays."""
    diary = desk.diary()
    desk.server.received = Received(b"", b"\x80")
    with pytest.raises((QueuedError, MalformedError)):
        diary.put(keep(diary, LONG))
    assert [each.text for each in desk.outbox.waiting()] == [LONG]


def test_long_texts_among_short_ones_keep_their_order(desk: Desk) -> None:
    """Those of one time too; what was stored before is told."""
    texts = ["one", "two", LONG, "three", LONG + "!", "four"]
    rows = [
        EntryRow(EntryId.make(START, bytes(9) + bytes((number,))), START, 0, text, star=False)
        for number, text in enumerate(texts)
    ]
    results = list(desk.diary().store(rows))
    assert [(row.text, result.dup) for row, result in results] == [(text, False) for text in texts]
    assert desk.texts() == texts
    assert all(result.dup for _, result in desk.diary().store(rows))


def test_an_entry_gets_a_long_text_and_a_longer_one_is_refused(desk: Desk) -> None:
    """Nothing of that is sent."""
    diary = desk.diary()
    diary.put(diary.compose("short"))
    [history] = diary.newest_histories(*EVER)
    changed = diary.amend(history, LONG, star=True)
    assert desk.texts() == [LONG]
    assert changed.current.text == LONG
    sent = len(desk.server.requests)
    with pytest.raises(TextTooLongError, match="split -C"):
        diary.amend(changed, "x" * (MAX_LONG_TEXT_BYTES + 1), star=False)
    assert len(desk.server.requests) == sent


def test_how_far_it_is_is_told(desk: Desk) -> None:
    """From nothing to all, never backwards."""
    diary = desk.diary()
    told: list[tuple[int, int]] = []
    diary.asker.told = lambda done, total: told.append((done, total))
    diary.put(keep(diary, LONG))
    done = [each for each, _ in told]
    [total] = {each for _, each in told}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, total)


def test_short_texts_take_one_datagram(desk: Desk) -> None:
    """As they always did."""
    diary = desk.diary()
    diary.put(keep(diary, "x" * MAX_TEXT_BYTES))
    assert [type(request) for _, request in desk.server.requests] == [Put]
    assert isinstance(desk.diary().asker.ask(Put(START, 0, "x"), Stored), Stored)
