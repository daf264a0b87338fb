"""Rules of docs/PROTOCOL.md that no table of fields shows, each held by the whole service.

Where a client could guess either way, the document says which; these are those places.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from diaryserver.service.counters import Drop
from diaryserver.service.logins.guessing import EVERYWHERE, PER_NETWORK, PER_USER_AND_NETWORK
from diaryserver.service.requests.requests import MAX_ANSWERS
from diaryserver.service.throttle import Limit
from protocol.dayfile import Written, parse_day_file
from protocol.errors import ErrorCode
from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId
from protocol.keys import derive_token_keys
from protocol.login import encode_login
from protocol.messages.account import Grant, Mint
from protocol.messages.base import Refusal, Request
from protocol.messages.batch import Batch, Batched, EntryRow, ResultRow
from protocol.messages.diary import Chunk, Clear, DayList, Days, Read
from protocol.messages.finding import Found, Search
from protocol.messages.following import Tail, Tailed
from protocol.messages.padding import padded
from protocol.messages.table import OPERATIONS
from protocol.messages.usage import Usage
from protocol.messages.writing import Put, Stored
from protocol.packing import pack
from tests.server.fakes import NOON, new_id
from tests.server.world import NONCE, Device, World, code_of, form_of

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
TODAY: Final = Day("2026-11-22")
YESTERDAY: Final = Day("2026-11-21")


def test_the_table_says_what_is_counted() -> None:
    """Just what the server does not know again by its id."""
    row = r"^\| (\w+) \| \w+ \| (yes|no) \| (?:yes|no) \| .+ \|$"
    rows = re.findall(row, DOCUMENT, re.MULTILINE)
    counted = {row.name: "yes" if row.request.is_counted else "no" for row in OPERATIONS}
    assert dict(rows) == counted


def answers(world: World, datagrams: list[bytes]) -> int:
    """Give how many of these are answered, one after the other."""
    return sum(len(world.send(datagram)) for datagram in datagrams)


@pytest.mark.parametrize(
    "request_of",
    [
        padded(Search(" ", TODAY, TODAY)),
        padded(Search("x", TODAY, TODAY, b"bad")),
        padded(Read(TODAY, 0, 0)),
        Usage(Day("2026-01-01")),
    ],
)
def test_a_refusal_of_the_operation_itself_is_counted(world: World, request_of: Request) -> None:
    """As any answer is; the next one gets silence."""
    device, rid = world.device(scopes="write read"), new_id()
    if isinstance(request_of, Usage):
        device = world.device(scopes="write")
    asked = [device.request(request_of, rid, skew=at) for at in range(2 * MAX_ANSWERS)]
    assert answers(world, asked) == MAX_ANSWERS


def test_what_is_refused_before_the_operation_is_not_counted(world: World) -> None:
    """BADTIME and SCOPE, and INVALID for the shape."""
    device, writer, rid = world.device(), world.device(scopes="write"), new_id()
    days = padded(Days(TODAY, TODAY))
    late = [device.request(days, rid, skew=200_000 + at) for at in range(2 * MAX_ANSWERS)]
    assert answers(world, late) == len(late)
    forbidden = [writer.request(days, rid, skew=at) for at in range(2 * MAX_ANSWERS)]
    assert answers(world, forbidden) == len(forbidden)
    assert answers(world, [device.garbage(pack({"op": "x"})) for _ in range(20)]) == 20
    assert code_of(device.ask(days, rid)) == "OK"


def test_dup_means_stored_already_by_whatever_came_before(world: World) -> None:
    """Also before a clear, which it does not undo, and also by a row of the same batch."""
    device, rid = world.device(), new_id()
    assert device.put("x", rid) == Stored(TODAY, dup=False)
    assert code_of(device.ask(Clear(TODAY, 0))) == "OK"
    assert device.put("x", rid) == Stored(TODAY, dup=True)
    assert device.ask(padded(Days(TODAY, TODAY))) == DayList((), more=False)
    assert code_of(device.put("y", rid)) == "CONFLICT"
    row = EntryRow(new_id(), NOON, 0, "x", star=False)
    first, again = (ResultRow(ErrorCode.OK, dup=dup) for dup in (False, True))
    conflict = ResultRow(ErrorCode.CONFLICT, dup=False)
    answer = device.ask(Batch((row, row, replace(row, text="y"))))
    assert answer == Batched((first, again, conflict))
    assert device.ask(Batch(())) == Batched(())


@pytest.mark.parametrize("length", [1025, 1060])
def test_a_put_takes_what_fits_its_datagram(world: World, length: int) -> None:
    """The 1024 bytes are a client's rule; a batch refuses the same text."""
    device = world.device()
    assert device.ask(Put(NOON, 0, "x" * length)) == Stored(TODAY, dup=False)
    row = EntryRow(new_id(), NOON, 0, "x" * 1025, star=False)
    assert code_of(device.ask(Batch((row,)))) == "INVALID"


@pytest.mark.parametrize("time", [0, 2**48 - 1])
def test_the_time_in_a_rid_is_compared_with_nothing(world: World, time: int) -> None:
    """It shows in the attribute of the time of receipt, and nowhere else."""
    device = world.device()
    rid = EntryId(time.to_bytes(6, "big") + b"\x70\1\x80" + bytes(7))
    assert device.put("x", rid) == Stored(TODAY, dup=False)
    chunk = device.ask(padded(Read(TODAY, 0, 0)))
    assert isinstance(chunk, Chunk)
    [record] = parse_day_file(chunk.data)
    assert isinstance(record, Written)
    assert record.id == rid
    assert record.attributes == (("r", "2026-11-22T12:00:00.000+00:00"),)


def test_days_in_the_wrong_order_are_none(world: World) -> None:
    """No refusal: nothing lies between them."""
    device = world.device()
    device.put("x")
    assert device.ask(padded(Days(TODAY, YESTERDAY))) == DayList((), more=False)
    assert device.ask(padded(Search("x", TODAY, YESTERDAY))) == Found(b"", (), b"")


def test_a_cursor_that_was_never_given(world: World) -> None:
    """Of a search it is INVALID; a tail goes on from now, and says that it lost the place."""
    device = world.device()
    assert code_of(device.ask(padded(Search("x", TODAY, TODAY, b"bad")))) == "INVALID"
    answer = device.ask(padded(Tail(b"bad")))
    assert isinstance(answer, Tailed)
    assert (answer.lost, answer.rows) == (True, ())


def test_what_repeats_a_mint_is_the_same_request(world: World) -> None:
    """Other fields under the same rid are a CONFLICT."""
    device, rid = world.device(), new_id()
    asked = Mint("x", "read", 0, fixed=False)
    granted = device.ask(asked, rid)
    assert isinstance(granted, Grant)
    assert device.ask(asked, rid) == granted
    assert code_of(device.ask(replace(asked, label="y"), rid)) == "CONFLICT"


@pytest.mark.parametrize("timestamp", [0, NOON + 3_600_000, MAX_MILLISECONDS])
def test_the_times_of_a_log_in_are_compared_with_nothing(world: World, timestamp: int) -> None:
    """Nor is its rid with the HELLO's: a clock may be wrong before there is a token."""
    world.user()
    offer, form = world.offer(rid=new_id()), form_of()
    login = encode_login(new_id(), timestamp, offer, NONCE, form)
    assert isinstance(world.granted(login, form), Grant)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"lowest": 2, "highest": 1}, "INVALID"),
        ({"lowest": 1, "highest": 15}, "OK"),
        ({"invite": b"8 bytes.", "password": "long enough"}, "DENIED"),
        ({"lifetime": 0, "fixed": True}, "OK"),
        ({"lifetime": MAX_MILLISECONDS}, "OK"),
    ],
)
def test_what_a_form_may_say(world: World, other: dict[str, object], code: str) -> None:
    """Within its bounds, though nobody would."""
    world.user()
    assert code_of(world.login(form_of(**other))) == code  # type: ignore[arg-type]


def test_a_life_of_a_millisecond_has_ended_when_it_arrives(world: World) -> None:
    """It is granted, and its first request hears EXPIRED."""
    alice = world.user()
    grant = world.login(form_of(lifetime=1))
    assert isinstance(grant, Grant)
    assert grant.expires == NOON + 1
    world.clock.advance(1)
    [token] = world.accounts.list_tokens(alice)
    keys = derive_token_keys(grant.root, grant.kid)
    assert code_of(Device(world, token, keys).put()) == "EXPIRED"


def test_rate_ends_by_waiting(world: World) -> None:
    """After the time that the document names, and no attempt is lost by asking sooner."""
    world.user()
    wrong = form_of(password="not the one")
    for _ in range(int(PER_USER_AND_NETWORK.burst)):
        assert code_of(world.login(wrong)) == "DENIED"
    for _ in range(10):
        assert code_of(world.login(form_of())) == "RATE"
    world.clock.advance(30)
    answer = world.login(form_of())
    assert not isinstance(answer, Refusal)


def test_the_figures_of_rate_are_those_of_the_throttles() -> None:
    """How many are free, and how often one comes back."""
    assert (Limit(5, 30), Limit(30, 5)) == (PER_USER_AND_NETWORK, PER_NETWORK)
    assert Limit(200, 0.2) == EVERYWHERE
    for words in ("five are free, and one more comes back each 30 s", "thirty and one each 5 s"):
        assert words in DOCUMENT
    assert "two hundred and five a\nsecond" in DOCUMENT


def test_a_reading_request_needs_no_pad(world: World) -> None:
    """It gets fewer rows, and one at least."""
    device = world.device()
    device.put("x")
    assert code_of(device.ask(Days(TODAY, TODAY))) == "OK"
    assert code_of(device.ask(Read(TODAY, 0, 0))) == "OK"
    assert world.dropped(Drop.REPEATED_READ) == 0
