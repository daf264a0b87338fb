"""How much room there is, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.amounts import format_bytes, format_entries


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1024 * 1024 - 1, "1023.9 KiB"),
        (15 * 2**20 + 2**19, "15.5 MiB"),
        (2**30 - 1, "1023.9 MiB"),
        (2**30, "1.0 GiB"),
        (2**48, "256.0 TiB"),
        (2**53, "8192.0 TiB"),
    ],
)
def test_bytes_are_said_in_the_unit_that_fits(count: int, words: str) -> None:
    """Powers of 1024, cut to a tenth."""
    assert format_bytes(count) == words


@given(st.integers(0, 2**60))
def test_no_more_is_said_than_there_is(count: int) -> None:
    """And less by a tenth of a unit at most, so that what is full reads full."""
    number, unit = format_bytes(count).split()
    size = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    assert 0 <= count - float(number) * size < size


def test_one_entry_is_one() -> None:
    """Thousands are parted."""
    assert [format_entries(count) for count in (0, 1, 2, 1234567)] == [
        "0 entries",
        "1 entry",
        "2 entries",
        "1,234,567 entries",
    ]
