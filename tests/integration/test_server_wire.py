"""The real server, asked by datagrams written by hand: what it answers, and what it does not."""

import random
from typing import Final

import pytest

from protocol.envelope import Kind, parse_envelope
from protocol.identifiers import Day
from protocol.messages.account import Identity, Ping
from protocol.messages.base import Refusal
from protocol.messages.diary import Chunk, Clear, Cleared, DayList, Days, Read
from protocol.messages.padding import padded
from protocol.messages.writing import Put, Stored
from protocol.offer import Hello, encode_hello
from protocol.stamp import Stamp
from tests.diaries import texts_in
from tests.integration.wire import QUIET, Token, Wire, new_id, now, snapshot, wire_to
from tests.programs import PASSWORD, Server

pytestmark = pytest.mark.measured

A_DAY: Final = Day("2020-02-29")
NOON: Final = 1_582_977_600_000


def test_put_read_and_clear(shared: Server, wire: Wire) -> None:
    """What was acknowledged is in the file, is read back, and is set aside when cleared."""
    alice = wire.token("alice", PASSWORD)
    rid = new_id()
    text = "ein Tag\nmit Zeilen \x1b[31m\x00 und 电池"
    assert alice.put(text, rid, NOON) == Stored(A_DAY, dup=False)
    [path] = [path for path in shared.day_files("alice") if path.stem == A_DAY]
    data = path.read_bytes()
    assert alice.put(text, rid, NOON) == Stored(A_DAY, dup=True)
    assert path.read_bytes() == data
    listed = alice.ask(padded(Days(A_DAY, A_DAY)))
    assert isinstance(listed, DayList)
    [row] = listed.rows
    chunk = alice.ask(padded(Read(A_DAY, row.generation, 0)))
    assert chunk == Chunk(data, len(data))
    cleared = alice.ask(Clear(A_DAY, row.generation))
    assert isinstance(cleared, Cleared)
    assert (path.parent / "archive" / cleared.name).read_bytes() == data
    assert not path.exists()
    assert alice.put(text, rid, NOON) == Stored(A_DAY, dup=True)
    assert not path.exists()


def test_two_devices_of_one_user_write_one_diary(wire: Wire) -> None:
    """And each is told who it is."""
    day = 1_600_000_000_000
    one, two = (wire.token("alice", PASSWORD) for _ in range(2))
    one.put("from one", at=day)
    two.put("from two", at=day)
    stored = Day("2020-09-13")
    chunk = one.ask(padded(Read(stored, 0, 0)))
    assert isinstance(chunk, Chunk)
    assert texts_in(chunk.data) == ["from one", "from two"]
    identity = two.ask(Ping())
    assert isinstance(identity, Identity)
    assert identity.user == "alice"
    assert abs(identity.time - now()) < 10_000


def test_a_wrong_password_is_denied(wire: Wire) -> None:
    """In words that tell nothing more."""
    refusal = wire.login("alice", "wrong password")
    assert isinstance(refusal, Refusal)
    assert str(refusal.code) == "DENIED"


def hostile(token: Token) -> list[bytes]:
    """Give datagrams that deserve no answer, from an outsider and from inside a network."""
    chance = random.Random(5)
    request = token.request(Put(now(), 0, "never stored"))
    hello = encode_hello(new_id(), now(), Hello(bytes(32), 1, 1))
    datagrams = [b"", b"\0", b"-r", b"-c", b"hello", b"GET / HTTP/1.1\r\n\r\n", bytes(1200)]
    datagrams += [chance.randbytes(chance.randrange(1500)) for _ in range(300)]
    datagrams += [chance.randbytes(60_000), request + bytes(60_000 - len(request)), bytes(65_000)]
    datagrams += [request[:length] for length in range(0, len(request), 3)]
    datagrams += [hello[:length] for length in range(0, len(hello), 50)]
    for original in (request, hello):
        for _ in range(300):
            changed = bytearray(original)
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            datagrams.append(bytes(changed))
    return datagrams


def all_heard(wire: Wire) -> list[bytes]:
    """Give what comes, until it is quiet."""
    found: list[bytes] = []
    while (datagram := wire.receive(QUIET)) is not None:
        found.append(datagram)
    return found


def test_garbage_is_silence(shared: Server, wire: Wire) -> None:
    """No answer, no file, no folder, hardly a line in the log; and the server still answers."""
    alice = wire.token("alice", PASSWORD)
    assert isinstance(alice.ask(Ping()), Identity)
    before, log = snapshot(shared.data), shared.log
    with wire_to(shared.address) as stranger:
        for number, datagram in enumerate(hostile(alice)):
            stranger.send(datagram)
            if number % 10 == 0:  # so that the kernel's buffer overflows on no machine
                assert isinstance(alice.ask(Ping()), Identity)
        # Its queue is in order: what is answered after them shows that those like it were read.
        hello = encode_hello(new_id(), now(), Hello(bytes(32), 1, 1))
        offers: list[bytes] = []
        for _ in range(40):
            if not offers:
                stranger.send(hello)
                offers += all_heard(stranger)
        asked = parse_envelope(hello).rid
        assert {(each.kind, each.rid) for each in map(parse_envelope, offers)} == {
            (Kind.OFFER, asked)
        }
    assert isinstance(alice.ask(Ping()), Identity)
    assert snapshot(shared.data) == before
    said = shared.log.removeprefix(log).splitlines()
    assert len(said) <= 2
    assert all(line.startswith("diaryserver: dropped:") for line in said)


def test_a_replay_to_another_server_is_silence(shared: Server, wire: Wire, server: Server) -> None:
    """A captured request is worth nothing there, whoever its users are."""
    server.add_user("alice")
    request = wire.token("alice", PASSWORD).request(Put(now(), 0, "captured"))
    with wire_to(server.address) as other:
        before = snapshot(server.data)
        other.send(request)
        assert isinstance(other.token("alice", PASSWORD).ask(Ping()), Identity)
        assert other.receive(QUIET) is None
        assert snapshot(server.data).keys() == before.keys()
    assert shared.day_files("alice") == [
        path for path in shared.day_files("alice") if b"captured" not in path.read_bytes()
    ]


def test_a_users_token_reads_no_other_diary(shared: Server, wire: Wire) -> None:
    """Each has a folder of its own, and nothing in a request names another."""
    shared.add_user("bob")
    wire.token("alice", PASSWORD).put("hers", at=NOON + 86_400_000)
    bob = wire.token("bob", PASSWORD)
    listed = bob.ask(padded(Days(Day("0001-01-01"), Day("9999-12-31"))))
    assert listed == DayList((), more=False)
    assert shared.day_files("bob") == []


@pytest.mark.parametrize("number", range(3))
def test_many_entries_at_once_are_all_kept_in_order(
    shared: Server, wire: Wire, number: int
) -> None:
    """As many as a client may have in flight, acknowledged one by one."""
    at = NOON + (100 + number) * 86_400_000
    alice = wire.token("alice", PASSWORD)
    requests = [Put(at + index, 0, f"entry {index}") for index in range(32)]
    sent = {}
    for request in requests:
        datagram = alice.request(request)
        sent[parse_envelope(datagram).rid] = (datagram, request)
        wire.send(datagram)
    for _ in requests:
        reply = wire.receive()
        assert reply is not None
        answer = alice.opened(reply, *sent.pop(parse_envelope(reply).rid))
        assert isinstance(answer, Stored)
        assert not answer.dup
    path = shared.data / "diaries" / "alice" / f"{Stamp(at, 0).day}.log"
    assert texts_in(path.read_bytes()) == [request.text for request in requests]
