"""Requests under a token: the order of checks, and that nothing is said to who did not sign."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, cast

import pytest
from hypothesis import given, settings

from diaryserver.service.counters import Drop
from diaryserver.service.ports.accounts import UNUSED_LIFE_MILLISECONDS
from diaryserver.service.ports.entries import EntryStore, Outcome, UnfinishedError, Writing
from diaryserver.service.quotas import MAX_DAY_BYTES
from diaryserver.service.requests.appending import APPENDING
from diaryserver.service.requests.handlers import HANDLERS
from diaryserver.service.requests.requests import AMPLIFICATION, MAX_ANSWERS
from diaryserver.service.work.committer import MAX_PENDING_OF_ONE
from diaryserver.service.work.threads import MAX_TURNS
from diaryserver.store.disk.user_folder import archived_file
from protocol.channel import seal_reply, seal_request
from protocol.dayfile import Foreign, Record, fold, parse_day_file
from protocol.envelope import MAX_DATAGRAM, Kind, parse_envelope
from protocol.errors import ErrorCode
from protocol.identifiers import Day, Username
from protocol.keys import SealingKeys, derive_token_keys, seal, sign
from protocol.messages.account import Delete, Identity, Mint, Ping, Revoke, Tokens, Whoami
from protocol.messages.archive import MAX_ARCHIVE_ROWS, ArchiveList, Archives, Recover, Recovered
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Refusal, Request
from protocol.messages.batch import Batch, Batched, EntryRow, ResultRow
from protocol.messages.changes import Amend, Changed, Remove, Restore, version_of
from protocol.messages.coding import encode_request
from protocol.messages.diary import Chunk, Clear, Cleared, DayList, DayRow, Days, Read
from protocol.messages.finding import Found, LongRow, Search
from protocol.messages.following import Tail, Tailed
from protocol.messages.padding import padded
from protocol.messages.parts import Part
from protocol.messages.table import OPERATIONS
from protocol.messages.usage import Usage, Used
from protocol.messages.writing import Put, Stored
from protocol.packing import Packable, pack
from tests.protocol.strategies import garbage
from tests.server.fakes import NOON, new_id
from tests.server.world import ALICE, HERE, Device, World, code_of, flipped, opened_world

A_DAY: Final = 86_400_000
TODAY: Final = Day("2026-11-22")
BOB: Final = Username("bob")
ENTRY: Final[dict[str, Packable]] = {"at": NOON, "off": 0, "text": "x", "star": False}
PART: Final[dict[str, Packable]] = {
    "op": "part",
    "id": bytes(new_id()),
    "digest": bytes(32),
    "number": 0,
    "count": 1,
    "data": b"x",
}


def silent(world: World, datagram: bytes, reason: Drop) -> bool:
    """Tell whether a datagram gets no reply and is counted under this reason."""
    before = world.dropped(reason)
    return world.send(datagram) == [] and world.dropped(reason) == before + 1


def test_every_operation_has_a_handler() -> None:
    """The server's table is the protocol's table."""
    assert set(HANDLERS) | set(APPENDING) == {operation.request for operation in OPERATIONS}
    assert not set(HANDLERS) & set(APPENDING)


def test_each_operation_does_what_it_says(world: World) -> None:
    """Write, list, read, clear; and who I am."""
    device = world.device()
    rid = new_id()
    assert device.put("hello", rid) == Stored(TODAY, dup=False)
    assert device.put("hello", rid) == Stored(TODAY, dup=True)
    listed = device.ask(padded(Days(TODAY, TODAY)))
    assert isinstance(listed, DayList)
    [row] = listed.rows
    assert (row.day, row.generation, row.entries, listed.more) == (TODAY, 0, 1, False)
    chunk = device.ask(padded(Read(TODAY, 0, 0)))
    assert isinstance(chunk, Chunk)
    assert chunk.data.endswith(b" + hello\n")
    assert chunk.size == row.size == len(chunk.data)
    cleared = device.ask(Clear(TODAY, 0), rid)
    assert cleared == Cleared(f"2026-11-22.0.{rid.hex()}.log")
    assert device.ask(padded(Days(TODAY, TODAY))) == DayList((), more=False)
    identity = Identity(ALICE, "full", 0, NOON)
    assert device.ask(Whoami()) == identity
    assert device.ask(Ping()) == identity


def test_room_is_told(world: World) -> None:
    """Of the whole diary, and of the day that was asked for."""
    device = world.device()
    device.put("hello")
    size = len(world.entries.read(ALICE, TODAY, 0, 0, 10_000).data)
    assert device.ask(Usage(TODAY)) == Used(4096, 1, size, 1, 0, 0, MAX_DAY_BYTES, 0)
    assert device.ask(Usage(Day("2026-11-21"))) == Used(4096, 1, 0, 0, 0, 0, MAX_DAY_BYTES, 0)


@pytest.mark.parametrize("scopes", ["write", "read", "read write", "full"])
def test_who_may_not_read_is_told_of_today_only(world: World, scopes: str) -> None:
    """Today in any zone there is: else it would learn on which days how much was written."""
    device = world.device(scopes=scopes)
    for day in ("2026-11-21", "2026-11-22", "2026-11-23"):
        assert code_of(device.ask(Usage(Day(day)))) == "OK"
    for day in ("0001-01-01", "2025-11-22", "2026-11-20", "2026-11-24", "9999-12-31"):
        assert code_of(device.ask(Usage(Day(day)))) == ("SCOPE" if scopes == "write" else "OK")


class SlowCounter:
    """A store that counts a diary in so many parts, and is as it is otherwise."""

    def __init__(self, store: EntryStore, parts: int) -> None:
        self._store = store
        self.left = parts

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def usage(self, user: Username, day: Day) -> Used:
        """As EntryStore."""
        self.left -= 1
        if self.left > 0:
            raise UnfinishedError
        return self._store.usage(user, day)


@pytest.mark.parametrize(("parts", "code"), [(MAX_TURNS, "OK"), (MAX_TURNS + 1, "BUSY")])
def test_a_large_diary_is_counted_for_one_request(folder: Path, parts: int, code: str) -> None:
    """Part by part, with an end to it."""
    with opened_world(folder, lambda store: cast("EntryStore", SlowCounter(store, parts))) as world:
        device = world.device()
        assert code_of(device.ask(Usage(TODAY))) == code


def test_an_entry_is_amended_removed_and_restored(world: World) -> None:
    """Each answer names the version that the next change is made to; another one is STALE."""
    device = world.device()
    entry_id, first, second = new_id(), new_id(), new_id()
    device.put("hello", entry_id)
    amend = Amend(TODAY, entry_id, version_of(entry_id), 480, "hello again", star=True)
    assert device.ask(amend, first) == Changed(version_of(first), dup=False)
    world.clock.advance(1)
    assert device.ask(amend, first) == Changed(version_of(first), dup=True)
    assert code_of(device.ask(amend)) == "STALE"
    remove = Remove(TODAY, entry_id, version_of(first), 480)
    assert device.ask(remove, second) == Changed(version_of(second), dup=False)
    assert code_of(device.ask(amend, second)) == "CONFLICT"
    restore = Restore(TODAY, entry_id, version_of(second), -210)
    assert code_of(device.ask(restore)) == "OK"
    assert code_of(device.ask(Remove(Day("2026-11-21"), entry_id, bytes(8), 0))) == "NOT_FOUND"
    chunk = device.ask(padded(Read(TODAY, 0, 0)))
    assert isinstance(chunk, Chunk)
    assert [str(record.stamp) for record in parsed(chunk.data)] == [
        "2026-11-22T12:00:00.000+00:00",
        "2026-11-22T20:00:00.000+08:00",
        "2026-11-22T20:00:01.000+08:00",
        "2026-11-22T08:30:01.000-03:30",
    ]
    [entry] = fold(parsed(chunk.data))
    assert (entry.id, entry.text, entry.starred) == (entry_id, "hello again", True)


def test_a_batch_answers_each_of_its_entries(world: World) -> None:
    """New, repeated, conflicting, from the future: each by itself, and the others are stored."""
    device = world.device()
    known, one, two = new_id(), new_id(), new_id()
    device.put("known", known)
    rows = (
        EntryRow(one, NOON, 480, "one", star=True),
        EntryRow(known, NOON, 0, "known", star=False),
        EntryRow(known, NOON, 0, "another", star=False),
        EntryRow(new_id(), NOON + MAX_SKEW_MILLISECONDS + 1, 0, "too early", star=False),
        EntryRow(two, NOON - A_DAY, 0, "two", star=False),
        EntryRow(one, NOON, 480, "one", star=True),
    )
    first = [("OK", False), ("OK", True), ("CONFLICT", False), ("INVALID", False), ("OK", False)]
    again = [("OK", True), ("OK", True), ("CONFLICT", False), ("INVALID", False), ("OK", True)]
    for results in ([*first, ("OK", True)], [*again, ("OK", True)]):
        answer = device.ask(Batch(rows))
        assert isinstance(answer, Batched)
        assert [(str(row.code), row.dup) for row in answer.rows] == results
    listed = device.ask(padded(Days(Day("2026-11-21"), TODAY)))
    assert isinstance(listed, DayList)
    assert [(row.day, row.entries) for row in listed.rows] == [("2026-11-21", 1), (TODAY, 2)]


def test_a_batch_with_a_row_that_is_none_is_not_begun(world: World) -> None:
    """A client that sends such a thing is mistaken in all of it."""
    device = world.device()
    good = EntryRow(new_id(), NOON, 0, "good", star=False)
    packed = encode_request(Batch((good, good)))
    no_text, no_id = packed.replace(b"good", b"\xff" * 4), packed.replace(good.id[6:], bytes(10), 1)
    for bad in (no_text, no_id):
        datagram = device.garbage(bad)
        [reply] = world.send(datagram)
        assert code_of(device.opened(reply, datagram, Ping())) == "INVALID"
    assert device.ask(padded(Days(TODAY, TODAY))) == DayList((), more=False)


def test_a_search_answers_with_entries_that_fit(world: World) -> None:
    """As a day file has them; one that is too long is named; unpadded requests get less."""
    device = world.device()
    ids = [new_id() for _ in range(3)]
    for entry_id, text in zip(ids, ("a word", "word " * 204, "another word"), strict=True):
        device.put(text, entry_id)
    cursor, answers = b"", []
    for _ in range(9):
        request = padded(Search("WORD", TODAY, TODAY, cursor))
        datagram = device.request(request)
        [reply] = world.send(datagram)
        assert len(reply) <= AMPLIFICATION * len(datagram)
        answer = device.opened(reply, datagram, request)
        assert isinstance(answer, Found)
        answers.append(answer)
        cursor = answer.cursor
        if not cursor:
            break
    found = [record.id for answer in answers for record in parsed(answer.entries)]
    assert found == [ids[0], ids[2]]
    assert [answer.long for answer in answers if answer.long] == [(LongRow(TODAY, ids[1]),)]
    bare = device.ask(Search("another", TODAY, TODAY))
    assert isinstance(bare, Found)
    assert len(bare.entries) < 300
    for words in (" ", "\n\t"):
        assert code_of(device.ask(padded(Search(words, TODAY, TODAY)))) == "INVALID"
    assert code_of(device.ask(padded(Search("word", TODAY, TODAY, b"?")))) == "INVALID"


def test_a_tail_tells_which_days_changed(world: World) -> None:
    """As `days` lists them; a poll without a pad gets a few rows, a padded one more."""
    device = world.device()

    def tail(request: Tail) -> Tailed:
        datagram = device.request(request)
        [reply] = world.send(datagram)
        assert len(reply) <= AMPLIFICATION * len(datagram)
        answer = device.opened(reply, datagram, request)
        assert isinstance(answer, Tailed)
        return answer

    begun = tail(Tail())
    assert (begun.rows, begun.more, begun.lost) == ((), False, False)
    assert tail(Tail(begun.cursor)) == begun
    for day in range(29):
        device.ask(Put(NOON - day * A_DAY, 0, "x" * 1000))
    listed = device.ask(padded(Days(Day("2026-10-25"), TODAY)))
    assert isinstance(listed, DayList)
    few, many = tail(Tail(begun.cursor)), tail(padded(Tail(begun.cursor)))
    assert 0 < len(few.rows) < len(many.rows)
    for answer in (few, many):
        assert answer.rows == listed.rows[::-1][: len(answer.rows)]
        assert answer.more
        assert not answer.lost
    rest = tail(padded(Tail(many.cursor)))
    assert (many.rows + rest.rows, rest.more) == (listed.rows[::-1], False)
    lost = tail(Tail(b"?"))
    assert (lost.rows, lost.cursor, lost.lost) == ((), rest.cursor, True)


def test_what_was_cleared_is_listed_as_the_padding_pays(world: World) -> None:
    """And comes back with one request."""
    device = world.device()
    for day in range(9):
        device.ask(Put(NOON - day * A_DAY, 0, "x"))
    for row in listed_days(device):
        device.ask(Clear(row.day, 0))
    bare, full = device.ask(Archives("")), device.ask(padded(Archives("")))
    assert isinstance(bare, ArchiveList)
    assert isinstance(full, ArchiveList)
    assert 0 < len(bare.rows) < len(full.rows) == MAX_ARCHIVE_ROWS
    assert bare.more
    assert full.more
    last = device.ask(padded(Archives(full.rows[-1].name)))
    assert isinstance(last, ArchiveList)
    [left] = last.rows
    assert (left.day, left.absent, last.more) == (TODAY, 1, False)
    request = Recover(left.day, left.generation, left.name)
    assert device.ask(request) == device.ask(request) == Recovered(1)
    assert [each.day for each in listed_days(device)] == [TODAY]


def test_a_day_is_not_cleared_once_the_token_was_ended(world: World) -> None:
    """Whoever ends it is told so when no request under it can change anything any more."""
    device = world.device()
    device.ask(Put(NOON, 0, "x"))
    owner = world.accounts.find_user(device.token.user)
    assert owner is not None
    request = Clear(TODAY, 0)
    datagram, replies = device.request(request), list[bytes]()

    async def clear_while_it_is_ended() -> None:
        held = threading.Event()
        world.workers.entries.start(partial(held.wait, 10), print, print)
        world.router.receive(datagram, HERE, replies.append)
        for _ in range(3):
            await asyncio.sleep(0)  # it has its place in the queue
        world.accounts.disable_user(owner, NOON)
        held.set()
        await world.router.finish()

    world.run(clear_while_it_is_ended)
    [reply] = replies
    assert code_of(device.opened(reply, datagram, request)) == "REVOKED"
    assert [row.day for row in world.entries.list_days(owner.name, TODAY, TODAY, 9).rows] == [TODAY]


def listed_days(device: Device) -> tuple[DayRow, ...]:
    """List all days of a short diary."""
    listed = device.ask(padded(Days(Day("0001-01-01"), TODAY)))
    assert isinstance(listed, DayList)
    return listed.rows


def parsed(data: bytes) -> list[Record]:
    """Give the records of a day's file; nothing may be foreign."""
    records = parse_day_file(data)
    assert not any(isinstance(record, Foreign) for record in records)
    return [record for record in records if not isinstance(record, Foreign)]


# Freshness


@pytest.mark.parametrize("direction", [1, -1])
def test_a_clock_may_be_two_minutes_off(world: World, direction: int) -> None:
    """119 and 120 s pass; 121 s and a millisecond more than 120 get the server's time, signed."""
    device = world.device()
    for skew in (119_000, MAX_SKEW_MILLISECONDS):
        assert code_of(device.ask(Ping(), skew=direction * skew)) == "OK"
    for skew in (MAX_SKEW_MILLISECONDS + 1, 121_000, 10**12):
        answer = device.ask(Put(NOON, 0, "x"), skew=direction * skew)
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.time) == (ErrorCode.BADTIME, NOON)
    assert device.ask(padded(Days(TODAY, TODAY))) == DayList((), more=False)


def test_a_captured_request_is_useless_after_two_minutes(world: World) -> None:
    """Within them a put is answered as the duplicate it is."""
    device = world.device()
    captured = device.request(Put(NOON, 0, "once"))
    request = Put(NOON, 0, "once")
    for expected in (Stored(TODAY, dup=False), Stored(TODAY, dup=True)):
        [reply] = world.send(captured)
        assert device.opened(reply, captured, request) == expected
    world.clock.advance(121)
    [reply] = world.send(captured)
    assert code_of(device.opened(reply, captured, request)) == "BADTIME"


def test_an_entry_from_the_future_is_refused(world: World) -> None:
    """It would make files of days that have not come; two minutes are forgiven."""
    device = world.device()
    last = NOON + MAX_SKEW_MILLISECONDS
    assert code_of(device.ask(Put(last, 0, "x"))) == "OK"
    assert code_of(device.ask(Put(last + 1, 0, "x"))) == "INVALID"
    assert code_of(device.ask(Put(0, 0, "x"))) == "OK"


# Tokens


def test_an_ended_token_is_told_so_by_a_signature(world: World) -> None:
    """EXPIRED from its last moment on, REVOKED at once; also with a wrong clock."""
    device = world.device(expires=NOON + 1000)
    assert code_of(device.ask(Ping())) == "OK"
    world.clock.advance(0.999)
    assert code_of(device.ask(Ping())) == "OK"
    world.clock.advance(0.001)
    assert code_of(device.ask(Ping())) == "EXPIRED"
    assert code_of(device.ask(Ping(), skew=10**10)) == "EXPIRED"
    alice = world.accounts.find_user(ALICE)
    assert alice is not None
    world.accounts.remove_user(alice, world.clock.now())
    assert code_of(device.put()) == "REVOKED"
    assert world.entries.list_days(ALICE, TODAY, TODAY, 1).rows == ()


def test_an_expired_token_writes_nothing(world: World, folder: Path) -> None:
    """Not even a folder."""
    device = world.device(expires=NOON)
    assert code_of(device.put()) == "EXPIRED"
    assert list((folder / "diaries").iterdir()) == []


def test_a_token_unused_for_ten_minutes_is_unknown(world: World) -> None:
    """Nobody has it; one that was used once, for whatever, lives on."""
    lost, kept = world.device(), world.device(scopes="read")
    assert code_of(kept.put()) == "SCOPE"
    world.clock.advance(UNUSED_LIFE_MILLISECONDS / 1000 + 1)
    assert silent(world, lost.request(Ping()), Drop.UNKNOWN_TOKEN)
    assert code_of(kept.ask(Ping())) == "OK"
    world.accounts.sweep(world.clock.now())
    assert code_of(kept.ask(Ping())) == "OK"


READING: Final = {"archives", "days", "read", "search", "tail"}
WRITING: Final = {"put", "batch", "part"}
ANY: Final = {"usage", "whoami", "ping", "revoke"}


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ("read", READING | ANY),
        ("write", WRITING | ANY),
        ("read write", READING | WRITING | ANY),
        ("full", {operation.name for operation in OPERATIONS}),
    ],
)
def test_a_scope_allows_what_it_says(world: World, scopes: str, allowed: set[str]) -> None:
    """And nothing else: the rest is refused and not done."""
    entry_id, clearing, changes = new_id(), new_id(), (new_id(), new_id())
    world.device().put("there before", entry_id)
    device = world.device(scopes=scopes)
    requests: dict[str, Request] = {
        "put": Put(NOON, 0, "x"),
        "batch": Batch(()),
        "part": Part(new_id(), bytes(32), 1, 2, b"x"),
        "days": padded(Days(TODAY, TODAY)),
        "read": padded(Read(TODAY, 0, 0)),
        "search": padded(Search("there", TODAY, TODAY)),
        "tail": Tail(),
        "amend": Amend(TODAY, entry_id, version_of(entry_id), 0, "y"),
        "remove": Remove(TODAY, entry_id, version_of(changes[0]), 0),
        "restore": Restore(TODAY, entry_id, version_of(changes[1]), 0),
        "clear": Clear(TODAY, 0),
        "archives": padded(Archives("")),
        "recover": Recover(TODAY, 1, archived_file(TODAY, 0, clearing)),
        "usage": Usage(TODAY),
        "whoami": Whoami(),
        "ping": Ping(),
        "tokens": padded(Tokens()),
        "mint": Mint("cron", scopes, 0, fixed=False),
        "revoke": Revoke(device.keys.kid),
        "delete": Delete(ALICE),
    }
    assert requests.keys() == {operation.name for operation in OPERATIONS}
    for name, request in requests.items():
        asking = world.device(scopes=scopes) if name == "delete" else device
        rid = {"amend": changes[0], "remove": changes[1], "clear": clearing}.get(name)
        assert (code_of(asking.ask(request, rid)) == "OK") == (name in allowed), name
    if "clear" not in allowed:
        assert len(world.entries.list_days(ALICE, TODAY, TODAY, 1).rows) == 1


# Who did not sign


def test_an_unknown_token_is_silence(world: World) -> None:
    """A flood of them touches nothing."""
    keys = derive_token_keys(bytes(32), b"nobody's")
    datagram = seal_request(keys, new_id(), NOON, Ping())
    assert silent(world, datagram, Drop.UNKNOWN_TOKEN)


def test_another_suite_is_silence(world: World) -> None:
    """Also correctly signed: the suite belongs to the key."""
    device = world.device()
    datagram = bytearray(device.request(Ping()))
    datagram[3] = 2
    datagram[-32:] = sign(device.keys.to_server.mac, bytes(datagram[:-32]))
    assert silent(world, bytes(datagram), Drop.UNKNOWN_TOKEN)


def test_another_users_kid_with_ones_own_keys_is_silence(world: World) -> None:
    """A token opens its own diary only."""
    mine = world.device()
    theirs = world.device(world.user(BOB))
    keys = mine.keys._replace(kid=theirs.keys.kid)
    datagram = seal_request(keys, new_id(), NOON, Put(NOON, 0, "forged"))
    assert silent(world, datagram, Drop.BAD_SIGNATURE)
    assert world.entries.list_days(BOB, TODAY, TODAY, 1).rows == ()


def test_a_reply_reflected_is_silence(world: World) -> None:
    """As it is, as a request under the other direction's keys, and to the same token."""
    device = world.device()
    datagram = device.request(Ping())
    [reply] = world.send(datagram)
    assert silent(world, reply, Drop.UNEXPECTED_KIND)
    plaintext = encode_request(Ping())
    other_way = seal(
        device.keys.to_client, Kind.REQUEST, device.keys.kid, new_id(), NOON, plaintext
    )
    assert silent(world, other_way, Drop.BAD_SIGNATURE)
    envelope = parse_envelope(datagram)
    forged = seal_reply(device.keys, envelope, NOON, Identity(ALICE, "full", 0, NOON))
    assert silent(world, forged, Drop.UNEXPECTED_KIND)


def test_signed_and_sealed_with_different_keys_is_silence(world: World) -> None:
    """The tag is right, the body opens under no key of this token."""
    device, other = world.device(), world.device()
    mixed = SealingKeys(device.keys.to_server.mac, other.keys.to_server.siv)
    datagram = seal(mixed, Kind.REQUEST, device.keys.kid, new_id(), NOON, encode_request(Ping()))
    assert silent(world, datagram, Drop.BAD_SIGNATURE)


def test_a_request_with_any_bit_changed_is_silence(world: World, folder: Path) -> None:
    """Each bit of header, body and tag; and nothing is written."""
    device = world.device()
    datagram = device.request(Put(NOON, 0, "x"))
    assert world.send(*flipped(datagram)) == []
    assert list((folder / "diaries").iterdir()) == []
    assert world.send(datagram)


def test_a_request_of_any_other_length_is_silence(world: World) -> None:
    """Cut at each byte, or longer."""
    datagram = world.device().request(Put(NOON, 0, "x"))
    cut = [datagram[:length] for length in range(len(datagram))]
    longer = [datagram + bytes(extra) for extra in (1, 32, MAX_DATAGRAM - len(datagram), 60_000)]
    assert world.send(*cut, *longer) == []
    dropped = world.dropped(Drop.MALFORMED) + world.dropped(Drop.BAD_SIGNATURE)
    assert dropped == len(cut) + len(longer)


@given(plaintext=garbage)
@settings(max_examples=150)
def test_correctly_signed_garbage_is_invalid(world: World, plaintext: bytes) -> None:
    """Whatever an authentic sender sends: a signed INVALID, or SCOPE, never an exception."""
    device = getattr(world, "garbler", None) or world.device(scopes="read")
    world.garbler = device  # type: ignore[attr-defined]
    datagram = device.garbage(plaintext)
    [reply] = world.send(datagram)
    assert len(reply) <= AMPLIFICATION * len(datagram)
    assert code_of(device.opened(reply, datagram, Ping())) == "INVALID"


@pytest.mark.parametrize(
    "values",
    [
        b"\x85\xa2op\xa3put\xa2at\x00\xa3off\x00\xa4text\xa0\xa4star\xc2",  # no text
        b"\x85\xa2op\xa3put\xa2at\x00\xa3off\xd1\x04\x39\xa4text\xa1x\xa4star\xc2",  # off 1081
        b"\x85\xa2op\xa3put\xa2at\xc3\xa3off\x00\xa4text\xa1x\xa4star\xc2",  # at true
        b"\x85\xa2op\xa3put\xa2at\x00\xa3off\x00\xa4text\xa1x\xa4star\x01",  # star 1
        b"\x85\xa2op\xa3put\xa2at\x00\xa3off\x00\xa4text\xc4\x01x\xa4star\xc2",  # text as bytes
        b"\x82\xa2op\xa4ping\xa1x\x01",  # a field that ping does not have
        b"\x81\xa2op\xa4nope",
        b"\x81\xa2op\x05",
        b"\x83\xa2op\xa5clear\xa3day\xaa2026-02-30\xaageneration\x00",  # no such day
        b"\x83\xa2op\xa5clear\xa3day\xa6../../\xaageneration\x00",
    ],
)
def test_a_value_out_of_bounds_is_invalid(
    world: World, folder: Path, caplog: pytest.LogCaptureFixture, values: bytes
) -> None:
    """Signed, and without the value; nothing is done, nothing is logged."""
    device = world.device()
    datagram = device.garbage(values)
    [reply] = world.send(datagram)
    answer = device.opened(reply, datagram, Ping())
    assert code_of(answer) == "INVALID"
    assert list((folder / "diaries").iterdir()) == []
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"op": "clear", "day": TODAY}, "generation: this field is missing"),
        (ENTRY | {"extra": 1}, "extra: there is no such field"),
        (ENTRY | {"at": "1"}, "at: a whole number within its bounds is expected"),
        (ENTRY | {"off": -1081}, "off: a whole number within its bounds is expected"),
        (ENTRY | {"off": 1081}, "off: a whole number within its bounds is expected"),
        (ENTRY | {"star": 1}, "star: true or false is expected"),
        (ENTRY | {"text": b"x"}, "a text of 1 to 262144 bytes is expected"),
        (PART | {"digest": bytes(31)}, "digest: bytes, as many as its bounds allow, are expected"),
        (PART | {"data": bytes(961)}, "data: bytes, as many as its bounds allow, are expected"),
        (PART | {"data": "x"}, "data: bytes, as many as its bounds allow, are expected"),
    ],
)
def test_a_note_tells_the_field_and_what_it_should_be(
    world: World, values: dict[str, Packable], note: str
) -> None:
    """In the document's words, for people who write a client in any language."""
    device = world.device()
    datagram = device.garbage(pack({"op": "put"} | values))
    [reply] = world.send(datagram)
    answer = device.opened(reply, datagram, Ping())
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.note) == (ErrorCode.INVALID, note)


def test_no_diary_text_in_an_error(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """What is refused is not repeated, neither to the client nor in the log."""
    device = world.device()
    secret = b"\xa6secret"
    datagram = device.garbage(b"\x84\xa2op\xa3put\xa2at" + secret + b"\xa3off\x00\xa4text" + secret)
    [reply] = world.send(datagram)
    answer = device.opened(reply, datagram, Ping())
    assert isinstance(answer, Refusal)
    assert answer.code == ErrorCode.INVALID
    assert answer.note
    assert "secret" not in answer.note + caplog.text


# Repetitions and room


def test_a_read_is_answered_five_times(world: World) -> None:
    """A replayed read is no weapon; another id is another question."""
    device = world.device()
    request = padded(Days(TODAY, TODAY))
    rid = new_id()
    for _ in range(MAX_ANSWERS):
        assert code_of(device.ask(request, rid)) == "OK"
    assert silent(world, device.request(request, rid), Drop.REPEATED_READ)
    assert code_of(device.ask(request)) == "OK"
    assert code_of(world.device().ask(request, rid)) == "OK"


def test_what_writes_is_answered_as_often_as_it_is_asked(world: World) -> None:
    """A client repeats what writes until it is told; the store knows the ids for ever."""
    device = world.device()
    put, change, clear = new_id(), new_id(), new_id()
    for number in range(3 * MAX_ANSWERS):
        assert device.put("x", put) == Stored(TODAY, dup=number > 0)
    for _ in range(3 * MAX_ANSWERS):
        rows = (EntryRow(put, NOON, 0, "x", star=False),)
        assert device.ask(Batch(rows), change) == Batched((ResultRow(ErrorCode.OK, dup=True),))
    for number in range(3 * MAX_ANSWERS):
        request = Remove(TODAY, put, version_of(put), 0)
        assert device.ask(request, change) == Changed(version_of(change), dup=number > 0)
    for _ in range(3 * MAX_ANSWERS):
        assert device.ask(Clear(TODAY, 0), clear) == Cleared(f"2026-11-22.0.{clear.hex()}.log")


def test_nobody_gets_more_than_three_times_what_he_sent(world: World) -> None:
    """Reads that are not padded get less, and the least ones are told to pad."""
    device = world.device()
    for number in range(40):
        entry = Put(NOON - number * 86_400_000, 0, "x" * 1024)
        assert code_of(device.ask(entry)) == "OK"
        assert code_of(device.ask(entry)) == "OK"
    first, last = Day("0001-01-01"), Day("9999-12-31")
    sizes = {}
    for pad in range(0, 401, 8):
        for request in (Days(first, last, bytes(pad)), Read(TODAY, 0, 0, bytes(pad))):
            datagram = device.request(request)
            [reply] = world.send(datagram)
            assert len(reply) <= min(MAX_DATAGRAM, AMPLIFICATION * len(datagram))
            sizes[type(request), pad] = len(reply)
    assert sizes[Read, 0] < sizes[Read, 200] < sizes[Read, 400]
    chunk = device.ask(padded(Read(TODAY, 0, 0)))
    assert isinstance(chunk, Chunk)
    assert len(chunk.data) == 1040
    listed = device.ask(padded(Days(first, last)))
    assert isinstance(listed, DayList)
    assert (len(listed.rows), listed.more) == (30, True)


def test_every_refusal_is_small(world: World) -> None:
    """The smallest request of all, refused with the longest words."""
    device = world.device(scopes="write")
    datagram = device.garbage(b"\x80")
    for sent in (datagram, device.request(Clear(TODAY, 0)), device.request(Ping(), skew=10**9)):
        [reply] = world.send(sent)
        assert len(reply) <= AMPLIFICATION * len(sent)


# A store that is slow, full, or broken


class StuckStore:
    """Lets appends through only when told; everything else is the real store's."""

    def __init__(self, store: EntryStore) -> None:
        self._store = store
        self.free = threading.Event()
        self.fault: Exception | None = None
        self.free.set()

    def append_batch(self, batch: Sequence[Writing]) -> list[Outcome]:
        """As EntryStore, later, or never."""
        assert self.free.wait(20)
        if self.fault is not None:
            raise self.fault
        return self._store.append_batch(batch)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def opened_by(replies: list[bytes], sent: list[bytes], device: Device) -> list[str]:
    """Give the code of each reply, in the order of the requests."""
    by_rid = {parse_envelope(reply).rid: reply for reply in replies}
    assert len(by_rid) == len(replies)
    return [
        code_of(device.opened(by_rid[parse_envelope(each).rid], each, Put(NOON, 0, "x")))
        for each in sent
    ]


def test_a_datagram_already_in_flight_is_dropped(folder: Path) -> None:
    """The same bytes twice while the disk is slow: one entry and one answer."""
    with opened_world(folder, StuckStore) as world:  # type: ignore[arg-type]
        store = world.entries
        assert isinstance(store, StuckStore)
        device = world.device()
        store.free.clear()
        datagram = device.request(Put(NOON, 0, "x"))
        again = device.request(Put(NOON, 0, "x"), parse_envelope(datagram).rid, skew=1)
        replies: list[bytes] = []

        async def bring() -> None:
            for each in (datagram, datagram, again, datagram):
                world.router.receive(each, HERE, replies.append)
            await asyncio.sleep(0)
            assert replies == []
            store.free.set()
            await world.router.finish()

        world.run(bring)
        assert world.dropped(Drop.IN_FLIGHT) == 2
        answers = [
            device.opened(reply, sent, Put(NOON, 0, "x"))
            for reply, sent in zip(replies, (datagram, again), strict=True)
        ]
        assert answers == [Stored(TODAY, dup=False), Stored(TODAY, dup=True)]


def test_a_server_with_too_much_work_says_busy(folder: Path) -> None:
    """Signed, and at once; what was taken in is still done, and reading still works."""
    with opened_world(folder, StuckStore) as world:  # type: ignore[arg-type]
        store = world.entries
        assert isinstance(store, StuckStore)
        device = world.device()
        assert code_of(device.ask(Ping())) == "OK"
        store.free.clear()
        sent = [device.request(Put(NOON, 0, "x")) for _ in range(MAX_PENDING_OF_ONE + 300)]
        replies: list[bytes] = []

        async def bring() -> None:
            for each in sent:
                world.router.receive(each, HERE, replies.append)
            for _ in range(10):
                await asyncio.sleep(0)
            refused = list(replies)
            assert set(opened_by(refused, sent[-len(refused) :], device)) == {"BUSY"}
            store.free.set()
            await world.router.finish()

        world.run(bring)
        codes = opened_by(replies, sent, device)
        kept = codes.count("OK")
        assert MAX_PENDING_OF_ONE <= kept < len(sent)
        assert codes == ["OK"] * kept + ["BUSY"] * (len(sent) - kept)
        assert world.entries.list_days(ALICE, TODAY, TODAY, 1).rows[0].entries == kept


def test_a_store_that_breaks_is_storage_and_one_traceback(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Outcome unknown, says the reply; the log has the reason, without the text, and no flood."""
    with opened_world(folder, StuckStore) as world:  # type: ignore[arg-type]
        store = world.entries
        assert isinstance(store, StuckStore)
        device = world.device()
        store.fault = RuntimeError("a fault of ours")
        caplog.set_level(logging.INFO)
        for _ in range(20):
            assert code_of(device.put("my secret")) == "STORAGE"
        assert caplog.text.count("a fault of ours") == 1
        assert "my secret" not in caplog.text
        store.fault = None
        assert code_of(device.put("my secret")) == "OK"


def test_entries_of_one_wake_up_share_a_write(folder: Path) -> None:
    """That is what makes durable writes fast: they are handed over batch by batch."""
    batches: list[int] = []

    class Counting(StuckStore):
        def append_batch(self, batch: Sequence[Writing]) -> list[Outcome]:
            batches.append(len(batch))
            return super().append_batch(batch)

    with opened_world(folder, Counting) as world:  # type: ignore[arg-type]
        device = world.device()
        assert code_of(device.ask(Ping())) == "OK"
        sent = [device.request(Put(NOON, 0, "x")) for _ in range(100)]
        assert opened_by(world.send(*sent), sent, device) == ["OK"] * 100
        assert len(batches) <= 3
