"""Names that parse are safe as file names and as keys; all others are refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId, Username
from tests.protocol.strategies import any_text, entry_ids, usernames
from tests.protocol.totality import attempt, is_refused


@given(st.one_of(any_text, st.text("az09._-/\n", max_size=34)))
def test_a_username_is_total_and_never_unsafe(text: str) -> None:
    """Whatever parses is one visible path component, and stands exactly as it was given."""
    name = attempt(Username, text)
    if name is not None:
        assert name == text
        assert 1 <= len(name) <= 32
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
        assert name[0] not in "._-"


@given(usernames)
def test_a_username_parses_again(name: Username) -> None:
    """What is a name stays one."""
    assert Username(str(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        ".hidden",
        "-r",
        "_a",
        "Alice",
        "alice\n",
        "\nalice",
        "a/b",
        "a\\b",
        "../a",
        "a\x00b",
        "a b",
        "a" * 33,
        "älice",
        "a٣",
        "аlice",
        "a~",
        "alice\u0301",
        "\ud800",
    ],
)
def test_hostile_usernames_are_refused(text: str) -> None:
    """No separator, newline, capital, look-alike, hidden or overlong name."""
    assert is_refused(Username, text)


@pytest.mark.parametrize("text", ["a", "0", "a" * 32, "a.b", "a..b", "a-b_c.9", "a."])
def test_usernames_of_the_pattern_parse(text: str) -> None:
    """The pattern is the whole rule."""
    assert Username(text) == text


@given(st.dates())
def test_every_day_of_the_calendar_parses(day: date) -> None:
    """Years 1 to 9999 with their leap days."""
    assert Day(day.isoformat()) == day.isoformat()


@given(st.one_of(any_text, st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\n?", fullmatch=True)))
def test_a_day_is_total(text: str) -> None:
    """Whatever parses is a day of the calendar in its one form."""
    day = attempt(Day, text)
    assert day is None or date.fromisoformat(day).isoformat() == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22\n",
        " 2026-11-22",
        "2026-1-2",
        "20261122",
        "2026-W47-7",
        "2026-02-29",
        "1900-02-29",
        "2026-00-01",
        "2026-13-01",
        "2026-04-31",
        "0000-01-01",
        "10000-01-01",
        "-001-01-01",
        "２０２６-11-22",
        "٢٠٢٦-١١-٢٢",
        "2026-11-22T00:00",
        "../../../x",
    ],
)
def test_hostile_days_are_refused(text: str) -> None:
    """No other ISO form, no day that does not exist, no digits of other scripts."""
    assert is_refused(Day, text)


@given(st.binary(max_size=20))
def test_an_entry_id_is_total(data: bytes) -> None:
    """Whatever parses has 16 bytes, version 7 and the variant of RFC 9562."""
    entry_id = attempt(EntryId, data)
    if entry_id is not None:
        assert entry_id == data
        assert (len(data), data[6] >> 4, data[8] >> 6) == (16, 7, 2)


@given(entry_ids, st.integers(0, 15), st.integers(0, 3))
def test_another_version_or_variant_is_refused(
    entry_id: EntryId, version: int, variant: int
) -> None:
    """Of the 64 combinations of those six bits one is an entry id."""
    data = bytearray(entry_id)
    data[6] = data[6] & 0x0F | version << 4
    data[8] = data[8] & 0x3F | variant << 6
    assert is_refused(EntryId, bytes(data)) == ((version, variant) != (7, 2))


@given(st.integers(0, MAX_MILLISECONDS), st.binary(min_size=10, max_size=10))
def test_an_entry_id_keeps_its_time_and_74_random_bits(now: int, randomness: bytes) -> None:
    """Only the six bits of version and variant are lost."""
    entry_id = EntryId.make(now, randomness)
    assert EntryId(bytes(entry_id)) == entry_id
    assert entry_id.milliseconds == now
    lost = int.from_bytes(entry_id[6:], "big") ^ int.from_bytes(randomness, "big")
    assert lost & ~(0xF0 << 72 | 0xC0 << 56) == 0


@pytest.mark.parametrize(
    ("now", "randomness"),
    [(-1, bytes(10)), (MAX_MILLISECONDS + 1, bytes(10)), (0, bytes(9)), (0, bytes(11))],
)
def test_an_entry_id_is_made_of_nothing_else(now: int, randomness: bytes) -> None:
    """A time outside the calendar, or another amount of chance, is refused."""
    assert is_refused(EntryId.make, now, randomness)
