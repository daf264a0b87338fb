"""How a duplicate is looked up: cheaply, since a bad network asks for many, and never wrongly."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.store.days.pieces import naming
from protocol.dayfile import Foreign, Written, format_record, parse_day_file
from protocol.errors import ConflictError, StorageError
from protocol.identifiers import EntryId
from tests.server.fakes import new_id, stamp
from tests.server.faults import SYNCS, with_failing
from tests.server.store_contract import Diaries, again, open_files

TODAY: Final = "2026-11-22"


@pytest.fixture
def diaries(tmp_path: Path) -> Iterator[Diaries]:
    """A store with nothing in it."""
    with Diaries(open_files, tmp_path) as opened:
        yield opened


def test_a_file_is_synced_for_its_first_duplicate_only(diaries: Diaries, tmp_path: Path) -> None:
    """What is written later is in the journal; a file that somebody touched is synced anew."""
    first, second = new_id(), new_id()
    diaries.put("first", first)
    diaries.reopen()
    assert isinstance(with_failing(SYNCS, lambda: diaries.put("first", first)), StorageError)
    assert diaries.put("first", first) == again(TODAY)
    diaries.put("second", second)
    for text, entry_id in (("first", first), ("second", second)):
        assert with_failing(SYNCS, partial(diaries.put, text, entry_id)) == again(TODAY)
    path = tmp_path / "diaries" / "alice" / f"{TODAY}.log"
    path.write_bytes(path.read_bytes())
    assert isinstance(with_failing(SYNCS, lambda: diaries.put("second", second)), StorageError)


def test_an_archive_is_not_needed_for_its_duplicates(diaries: Diaries, tmp_path: Path) -> None:
    """The ledger is durable, and answers wherever the file went; a reopened store too."""
    first, second = new_id(), new_id()
    diaries.put("first", first)
    diaries.clear(diaries.rows()[0].day)
    diaries.put("second", second)
    for path in (tmp_path / "diaries" / "alice" / "archive").iterdir():
        path.unlink()
    diaries.reopen()
    assert diaries.put("second", second) == again(TODAY)
    assert with_failing(SYNCS, lambda: diaries.put("first", first)) == again(TODAY)
    assert isinstance(diaries.put("another", first), ConflictError)


def test_a_text_that_names_an_id_is_not_its_entry(diaries: Diaries) -> None:
    """Neither in a header line nor in a further one."""
    wanted, other = new_id(), new_id()
    text = f"see {wanted.hex()} there\nand {wanted.hex()} here\nthe end"
    diaries.put(text, other)
    diaries.put("wanted\nof two lines", wanted)
    diaries.put(text, new_id())
    assert diaries.put("wanted\nof two lines", wanted) == again(TODAY)
    assert diaries.put(text, other) == again(TODAY)
    assert isinstance(diaries.put("wanted", wanted), ConflictError)


def test_a_further_line_that_names_an_id_is_not_its_entrys(diaries: Diaries) -> None:
    """Also where the header of that text does not name it, and it stands behind the entry."""
    wanted = new_id()
    diaries.put("wanted", wanted)
    diaries.put(f"see\nthat {wanted.hex()} there")
    assert diaries.put("wanted", wanted) == again(TODAY)


IDS: Final = [new_id() for _ in range(3)]


@given(
    st.lists(
        st.one_of(
            st.builds(
                lambda entry_id, text: format_record(Written(stamp(), entry_id, text)),
                st.sampled_from(IDS),
                st.lists(st.sampled_from(["a", "\n", "\t", " ", IDS[0].hex()]), min_size=1).map(
                    "".join
                ),
            ),
            st.sampled_from(
                [b"\tfurther\n", b"foreign\n", b"\n", b" %s \n" % IDS[0].hex().encode()]
            ),
        ),
        max_size=8,
    ),
    st.sampled_from(IDS),
)
def test_what_names_an_id_parses_to_its_entries(pieces: list[bytes], entry_id: EntryId) -> None:
    """As the whole file does, whatever stands around them."""
    data = b"".join(pieces)

    def entries(part: bytes) -> list[Written]:
        return [
            record
            for record in parse_day_file(part)
            if isinstance(record, Written) and record.id == entry_id
        ]

    assert entries(naming(entry_id, data)) == entries(data)
    assert not any(
        isinstance(record, Foreign) and b"foreign" in record.raw
        for record in parse_day_file(naming(entry_id, data))
    )
