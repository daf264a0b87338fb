"""Long requests through the whole service: once, durable, and by the rules of short ones."""

import random
from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.counters import Drop
from diaryserver.service.requests.assembling import LIFE_SECONDS
from protocol.dayfile import Written, fold, parse_day_file
from protocol.identifiers import Day, EntryId
from protocol.messages.base import Refusal, Reply, Request
from protocol.messages.changes import Amend, Changed, Remove, version_of
from protocol.messages.coding import decode_reply, encode_request
from protocol.messages.diary import Clear
from protocol.messages.parts import Part, Received, bitmap_of, cut
from protocol.messages.writing import MAX_LONG_TEXT_BYTES, Put, Stored
from tests.server.fakes import NOON, new_id
from tests.server.world import ALICE, Device, World, code_of, opened_world

TODAY: Final = Day("2026-11-22")
LONG: Final = "".join(f"line {number} 今天\n" for number in range(300))


def sent(device: Device, request: Request, rid: EntryId) -> Reply | Refusal:
    """Send a request in parts, and give what its last part was answered."""
    answers = [device.ask(part) for part in cut(rid, encode_request(request))]
    for answer in answers[:-1]:
        assert isinstance(answer, Received)
        assert not answer.answer
    return answers[-1]


def outcome(reply: Reply | Refusal, kind: type[Reply] = Stored) -> Reply | Refusal:
    """Give the answer to the whole, or the refusal."""
    if isinstance(reply, Refusal):
        return reply
    assert isinstance(reply, Received)
    assert reply.parts == b""
    return decode_reply(kind, reply.answer)


def put(text: str = LONG) -> Put:
    """Give an entry of now."""
    return Put(NOON, 0, text)


def texts(world: World) -> list[str]:
    """Give alice's entries of today."""
    rows = world.entries.list_days(ALICE, TODAY, TODAY, 1).rows
    data = [world.entries.read(ALICE, TODAY, row.generation, 0, 2**24).data for row in rows]
    return [entry.text for entry in fold(parse_day_file(b"".join(data)))]


def test_a_long_entry_is_stored_once(world: World) -> None:
    """Part by part it is told what is there; then as a short one, however often it is sent."""
    device, rid = world.device(), new_id()
    parts = cut(rid, encode_request(put()))
    order = list(range(len(parts)))
    random.Random(1).shuffle(order)
    for at, number in enumerate(order[:-1]):
        expected = Received(bitmap_of(order[: at + 1], len(parts)), b"")
        assert device.ask(parts[number]) == expected
    assert outcome(device.ask(parts[order[-1]])) == Stored(TODAY, dup=False)
    assert texts(world) == [LONG]
    assert outcome(device.ask(parts[3])) == Stored(TODAY, dup=True)
    world.serve_requests(world.accounts)  # as after a restart
    world.serve_logins(world.accounts, world.hasher)
    assert device.ask(parts[3]) == Received(bitmap_of({3}, len(parts)), b"")
    assert outcome(sent(device, put(), rid)) == Stored(TODAY, dup=True)
    assert texts(world) == [LONG]


@pytest.mark.parametrize(
    "text", ["\x01" * MAX_LONG_TEXT_BYTES, "\n" * MAX_LONG_TEXT_BYTES, "今" * 87381]
)
def test_the_longest_text_is_durable_whatever_it_is_made_of(tmp_path: Path, text: str) -> None:
    """In the journal too: it is there after a crash."""
    rid = new_id()
    with opened_world(tmp_path) as world:
        assert outcome(sent(world.device(), put(text), rid)) == Stored(TODAY, dup=False)
        journal = {path: path.read_bytes() for path in (tmp_path / "journal").iterdir()}
    for path, data in journal.items():
        path.write_bytes(data)
    (tmp_path / "diaries" / ALICE / f"{TODAY}.log").unlink()
    with opened_world(tmp_path):
        [record] = parse_day_file((tmp_path / "diaries" / ALICE / f"{TODAY}.log").read_bytes())
        assert isinstance(record, Written)
        assert (record.id, record.text) == (rid, text)


def test_a_byte_more_is_refused(world: World) -> None:
    """When it is put together, if its parts leave room for it."""
    answer = sent(world.device(), put("x" * (MAX_LONG_TEXT_BYTES + 1)), new_id())
    assert code_of(answer) == "INVALID"


def test_parts_that_come_at_once_are_all_answered(world: World) -> None:
    """Those that come while it is written wait for it, and get the same answer."""
    device, rid = world.device(), new_id()
    parts = cut(rid, encode_request(put()))
    for part in parts[1:]:
        device.ask(part)
    datagrams = [device.request(part) for part in (parts[0], *parts)]
    replies = world.send(*datagrams)
    assert len(replies) == len(datagrams)
    by_rid = {
        data[16:32]: (data, part) for data, part in zip(datagrams, (parts[0], *parts), strict=True)
    }
    answers = {outcome(device.opened(reply, *by_rid[reply[16:32]]), Stored) for reply in replies}
    assert answers == {Stored(TODAY, dup=False)}


def test_the_rules_of_short_ones_hold(world: World) -> None:
    """Another content is a conflict, the future is refused, and a cleared day stays cleared."""
    device, rid = world.device(), new_id()
    sent(device, put(), rid)
    assert code_of(sent(device, put(LONG + "!"), rid)) == "CONFLICT"
    future = Put(NOON + 86_400_000, 0, LONG)
    assert code_of(sent(device, future, new_id())) == "INVALID"
    device.ask(Clear(TODAY, 0))
    world.serve_requests(world.accounts)
    world.serve_logins(world.accounts, world.hasher)
    assert outcome(sent(device, put(), rid)) == Stored(TODAY, dup=True)
    assert texts(world) == []


def test_an_entry_gets_a_long_text(world: World) -> None:
    """To the version that was seen; the second device is told."""
    device, rid, change = world.device(), new_id(), new_id()
    device.put("short", rid)
    amend = Amend(TODAY, rid, version_of(rid), 0, LONG, star=True)
    done = Changed(version_of(change), dup=False)
    assert outcome(sent(device, amend, change), Changed) == done
    assert texts(world) == [LONG]
    assert code_of(sent(device, amend, new_id())) == "STALE"


def test_scopes_hold_for_the_whole(world: World) -> None:
    """Who may only write puts, and does not amend; who may only read sends no part."""
    full, rid = world.device(), new_id()
    full.put("short", rid)
    writer, reader = world.device(scopes="write"), world.device(scopes="read")
    assert outcome(sent(writer, put(), new_id())) == Stored(TODAY, dup=False)
    amend = Amend(TODAY, rid, version_of(rid), 0, LONG)
    assert code_of(sent(writer, amend, new_id())) == "SCOPE"
    assert code_of(reader.ask(cut(new_id(), encode_request(put()))[0])) == "SCOPE"


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"\xff" * 2000,
        encode_request(Remove(TODAY, EntryId.make(0, bytes(10)), bytes(8), 0)),
        encode_request(put()) + b"\0",
        b"\x81\xa2op" + b"\xdd\x00\x03\xff\xff" * 2000,
    ],
    ids=["nothing", "garbage", "another operation", "more", "bomb"],
)
def test_what_is_put_together_is_not_believed(world: World, plaintext: bytes) -> None:
    """It meets the same door as a body."""
    device = world.device()
    answers = [device.ask(part) for part in cut(new_id(), plaintext or b"\x80")]
    assert code_of(answers[-1]) == "INVALID"
    assert code_of(sent(device, put(), new_id())) == "OK"


def test_a_forged_digest_stores_nothing(world: World) -> None:
    """And nothing of it is kept."""
    device = world.device()
    parts = cut(new_id(), encode_request(put()))
    forged = [Part(each.id, bytes(32), each.number, each.count, each.data) for each in parts]
    answers = [device.ask(part) for part in forged]
    assert code_of(answers[-1]) == "INVALID"
    assert device.ask(forged[0]) == Received(bitmap_of({0}, len(parts)), b"")
    assert texts(world) == []


def test_a_flood_of_beginnings_keeps_nobody_else_out(world: World) -> None:
    """A user has four on the way; others write on, short and long."""
    device = world.device()
    begun = [cut(new_id(), encode_request(put()))[0] for _ in range(20)]
    codes = [code_of(device.ask(part)) for part in begun]
    assert codes == ["OK"] * 4 + ["BUSY"] * 16
    other = world.device(world.user(type(ALICE)("bob")))
    assert outcome(sent(other, put(), new_id())) == Stored(TODAY, dup=False)
    assert device.put("short") == Stored(TODAY, dup=False)
    world.clock.advance(LIFE_SECONDS)
    assert code_of(sent(device, put(), new_id())) == "OK"
    assert world.dropped(Drop.REPEATED_READ) == 0
