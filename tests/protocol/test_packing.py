"""What a body may hold, and that nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.envelope import MAX_PLAINTEXT
from protocol.packing import MAX_DEPTH, Packable, pack, unpack, unpack_long
from tests.protocol.strategies import BOMBS, characters, garbage
from tests.protocol.totality import attempt, is_refused

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.text(characters, max_size=20),
    st.binary(max_size=20),
)
ROWS = st.lists(st.lists(SCALARS, max_size=4), max_size=4)
MAPS: st.SearchStrategy[dict[str, Packable]] = st.dictionaries(
    st.text(characters, max_size=5), st.one_of(SCALARS, ROWS), max_size=6
)


def depth(value: object) -> int:
    """Count maps and lists inside each other, by another way than the code."""
    if not isinstance(value, dict | list):
        assert value is None or type(value) in {bool, int, str, bytes}
        return 0
    if isinstance(value, dict):
        assert all(type(key) is str for key in value)
        value = list(value.values())
    return 1 + max(map(depth, value), default=0)


@given(MAPS)
def test_maps_come_back_equal(value: dict[str, Packable]) -> None:
    """What is packed is what is unpacked, with its types and its order."""
    unpacked = unpack(pack(value))
    assert unpacked == value
    assert list(unpacked) == list(value)


@given(garbage)
def test_unpack_is_total_and_strict(data: bytes) -> None:
    """Any bytes give a map of allowed types and bounded depth, or MalformedError."""
    value = attempt(unpack, data)
    assert value is None or depth(value) <= MAX_DEPTH


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:12].hex())
def test_every_trick_of_msgpack_is_refused(bomb: bytes) -> None:
    """No extension, timestamp, float, double key, key that is no text, second value or bomb."""
    assert is_refused(unpack, bomb)


@given(MAPS, st.binary(min_size=1, max_size=2))
def test_a_map_ends_where_it_ends(value: dict[str, Packable], more: bytes) -> None:
    """Every cut and every extension of a packed map is refused."""
    packed = pack(value)
    assert all(is_refused(unpack, packed[:length]) for length in range(len(packed)))
    assert is_refused(unpack, packed + more)


def test_depth_counts_maps_and_lists() -> None:
    """Four inside each other pass, a fifth is refused; values inside them do not count."""
    assert unpack(pack({"a": [[[1]]]})) == {"a": [[[1]]]}
    assert unpack(pack({"a": [{"b": ["c"]}]})) == {"a": [{"b": ["c"]}]}
    too_deep: tuple[Packable, ...] = ([[[[]]]], [[[{}]]], [[{"a": [1]}]])
    assert all(is_refused(unpack, pack({"a": value})) for value in too_deep)


def test_more_than_a_body_is_refused() -> None:
    """The limit of a body holds here too, for callers without an envelope."""
    longest = pack({"a": bytes(MAX_PLAINTEXT - 6)})
    assert len(longest) == MAX_PLAINTEXT
    assert unpack(longest)
    assert is_refused(unpack, pack({"a": bytes(MAX_PLAINTEXT - 5)}))


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\udc80b"])
def test_a_lone_surrogate_is_not_packed(text: str) -> None:
    """Undecodable bytes of a command line become a refusal, not a crash."""
    assert is_refused(pack, {"text": text})
    assert is_refused(pack, {text: 1})


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb[:12].hex())
def test_no_trick_passes_in_what_came_in_parts(bomb: bytes) -> None:
    """As in a body."""
    assert is_refused(unpack_long, bomb)


def test_what_came_in_parts_is_long_and_simple() -> None:
    """A long text and some fields; no list, whose header alone would make room for all of it."""
    values: dict[str, Packable] = {"op": "put", "text": "x" * 2**18, "star": True, "at": -1}
    assert unpack_long(pack(values)) == values
    assert is_refused(unpack, pack(values))
    assert is_refused(unpack_long, pack({"rows": [1]}))
    assert is_refused(unpack_long, b"\x81\xa1a" + b"\xdd\x00\x03\xff\xff" * 400)
    assert unpack_long(pack({str(number): 0 for number in range(16)}))
    assert is_refused(unpack_long, pack({str(number): 0 for number in range(17)}))


@given(garbage)
def test_unpack_long_is_total(data: bytes) -> None:
    """Any bytes give a map whose lists are empty, or MalformedError."""
    value = attempt(unpack_long, data)
    assert value is None or not any(isinstance(item, list) and item for item in value.values())
