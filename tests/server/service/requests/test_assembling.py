"""Parts of long requests until they are whole: bounded in every way, whoever sends them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.requests.assembling import (
    LIFE_SECONDS,
    MAX_BYTES,
    MAX_DONE,
    MAX_OPEN,
    QUIET_SECONDS,
    Assemblies,
    Assembly,
)
from protocol.errors import BusyError, InvalidRequestError
from protocol.identifiers import EntryId
from protocol.messages.parts import MAX_PARTS, PART_BYTES, Part, bitmap_of, cut
from tests.server.fakes import new_id

ALICE = b"uid of alice"
PLAINTEXT = b"".join(b"%08d" % number for number in range(1000))


def parts(request_id: EntryId | None = None, plaintext: bytes = PLAINTEXT) -> list[Part]:
    """Give a request's parts."""
    return cut(request_id or new_id(), plaintext)


def opened(assemblies: Assemblies, uid: bytes = ALICE, now: float = 0.0) -> Assembly:
    """Begin another request of a user."""
    return assemblies.take(uid, parts()[0], now)


@given(st.data())
def test_parts_make_the_whole_in_any_order_and_number(data: st.DataObject) -> None:
    """And the bitmap tells at any moment which are there."""
    all_parts = parts()
    order = data.draw(st.permutations(range(len(all_parts))))
    repeated = data.draw(st.lists(st.sampled_from(order), max_size=8))
    assemblies, seen = Assemblies(), set[int]()
    assembly = opened(assemblies)
    for number in [*repeated, *order]:
        assembly = assemblies.take(ALICE, all_parts[number], 0.0)
        seen.add(number)
        assert assembly.bitmap() == bitmap_of(seen, len(all_parts))
        assert assembly.is_whole == (len(seen) == len(all_parts))
    assert assembly.joined() == PLAINTEXT


def test_what_its_digest_does_not_say_is_refused() -> None:
    """Nothing of it is believed."""
    assemblies = Assemblies()
    assembly = opened(assemblies)
    for part in parts():
        data = part.data if part.number else bytes(PART_BYTES)
        forged = Part(part.id, part.digest, part.number, part.count, data)
        assembly = assemblies.take(ALICE, forged, 0.0)
    assert assembly.is_whole
    with pytest.raises(InvalidRequestError):
        assembly.joined()


@pytest.mark.parametrize(
    ("number", "count", "size"), [(3, 3, 5), (0, 2, 959), (0, 2, 1), (2, 1, 960)]
)
def test_parts_that_cannot_be_are_refused(number: int, count: int, size: int) -> None:
    """Before anything is kept of them."""
    assemblies = Assemblies()
    with pytest.raises(InvalidRequestError):
        assemblies.take(ALICE, Part(new_id(), bytes(32), number, count, bytes(size)), 0.0)
    assert len(assemblies) == assemblies.size == 0


def test_parts_that_disagree_about_their_number_are_refused() -> None:
    """What is there stays."""
    assemblies = Assemblies()
    part = parts()[0]
    assemblies.take(ALICE, part, 0.0)
    with pytest.raises(InvalidRequestError):
        assemblies.take(ALICE, Part(part.id, part.digest, 0, part.count + 1, part.data), 0.0)
    assert len(assemblies) == 1


def test_users_and_contents_do_not_mix() -> None:
    """The same id of another user, or with another digest, is another request."""
    assemblies = Assemblies()
    request_id = new_id()
    first, other = parts(request_id), parts(request_id, PLAINTEXT + b"!")
    a = assemblies.take(ALICE, first[0], 0.0)
    assert assemblies.take(ALICE, other[0], 0.0) is not a
    assert assemblies.take(b"uid of bob", first[0], 0.0) is not a
    assert assemblies.take(ALICE, first[1], 0.0) is a


def test_a_user_has_four_on_the_way() -> None:
    """A fifth waits, unless one is quiet: then that is forgotten; nobody else is disturbed."""
    assemblies = Assemblies()
    bob = opened(assemblies, b"uid of bob")
    own = [opened(assemblies, now=float(number)) for number in range(MAX_OPEN)]
    with pytest.raises(BusyError):
        opened(assemblies, now=QUIET_SECONDS - 1)
    opened(assemblies, now=QUIET_SECONDS)
    held = [each.key for each in own[1:]]
    assert own[0].key not in assemblies.open_keys()
    assert {*held, bob.key} <= assemblies.open_keys()


def test_all_users_share_a_bound() -> None:
    """Full of what still comes in, a newcomer waits; of what is quiet, that makes room."""
    assemblies = Assemblies()
    big = PART_BYTES * MAX_PARTS
    users = MAX_BYTES // big + 1
    for number in range(users - 1):
        long = Part(new_id(), bytes(32), 0, MAX_PARTS, bytes(PART_BYTES))
        assemblies.take(b"%d" % number, long, 0.0)
    assert MAX_BYTES - big < assemblies.size <= MAX_BYTES
    newcomer = Part(new_id(), bytes(32), 0, MAX_PARTS, bytes(PART_BYTES))
    with pytest.raises(BusyError):
        assemblies.take(ALICE, newcomer, QUIET_SECONDS - 1)
    assemblies.take(ALICE, newcomer, QUIET_SECONDS)
    assert assemblies.size <= MAX_BYTES


def test_time_ends_what_is_not_whole_but_not_what_is_being_written() -> None:
    """Ten minutes after the first part, however lively it is."""
    assemblies = Assemblies()
    all_parts = parts()
    lively, held = assemblies.take(ALICE, all_parts[0], 0.0), opened(assemblies)
    assemblies.hold(held)
    assemblies.take(ALICE, all_parts[1], LIFE_SECONDS - 1)
    assemblies.sweep(LIFE_SECONDS - 1)
    assert {lively.key, held.key} == assemblies.open_keys()
    assemblies.sweep(LIFE_SECONDS)
    assert assemblies.open_keys() == {held.key}
    assemblies.let_go(held)
    assemblies.sweep(LIFE_SECONDS)
    assert assemblies.size == 0


def test_answers_are_remembered_for_a_while() -> None:
    """So that a lost one costs a part, not all of them; bounded in number and time."""
    assemblies = Assemblies()
    all_parts = parts()
    assembly = assemblies.take(ALICE, all_parts[0], 0.0)
    assemblies.done(assembly, b"answer", 1.0)
    assert assemblies.size == 0
    assert assemblies.answer(ALICE, all_parts[2]) == b"answer"
    assert assemblies.answer(b"uid of bob", all_parts[2]) is None
    assemblies.sweep(LIFE_SECONDS + 1)
    assert assemblies.answer(ALICE, all_parts[2]) is None
    for _ in range(MAX_DONE + 1):
        assemblies.done(opened(assemblies), b"", 1.0)
    assert len(assemblies) == MAX_DONE


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"a", b"b", b"c"]),
            st.integers(0, 9),
            st.integers(0, 300),
            st.booleans(),
        ),
        max_size=60,
    )
)
def test_the_bounds_hold_whatever_is_sent(
    events: list[tuple[bytes, int, int, bool]],
) -> None:
    """Of each user, of all; and what is counted is what is there."""
    assemblies = Assemblies()
    ids = [new_id() for _ in range(10)]
    now = 0.0
    for uid, which, seconds, ends in events:
        now += seconds
        part = Part(ids[which], bytes(32), 0, MAX_PARTS, bytes(PART_BYTES))
        try:
            assembly = assemblies.take(uid, part, now)
        except BusyError:
            continue
        if ends:
            assemblies.forget(assembly)
        keys = assemblies.open_keys()
        assert all(sum(key[0] == user for key in keys) <= MAX_OPEN for user in (b"a", b"b", b"c"))
        assert assemblies.size == len(keys) * assembly.size <= MAX_BYTES
