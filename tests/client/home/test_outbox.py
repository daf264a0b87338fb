"""The outbox: nothing that was typed is lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.files.private_files import write_private
from diaryclient.home.outbox import Entry, Outbox
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from tests.client.fakes import START, file_mode


def entry(number: int, text: str = "text", refused: ErrorCode | None = None) -> Entry:
    """Give an entry whose id sorts by `number`."""
    return Entry(EntryId.make(START + number, bytes(10)), START + number, 60, text, refused=refused)


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    at=st.integers(-(10**13), 10**13),
    off=st.integers(-1080, 1080),
    star=st.booleans(),
    refused=st.sampled_from([None, *ErrorCode]),
)
def test_any_entry_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    at: int,
    off: int,
    star: bool,
    refused: ErrorCode | None,
) -> None:
    """Whatever the text holds, and however long it is."""
    outbox = Outbox(tmp_path_factory.mktemp("outbox"))
    kept = Entry(entry(1).id, at, off, text, star, refused)
    outbox.keep(kept)
    assert list(outbox.entries()) == [kept]
    assert file_mode(outbox.path(kept.id)) == 0o600


def test_oldest_first_and_only_what_waits(tmp_path: Path) -> None:
    """Refused entries stay, but are not sent."""
    outbox = Outbox(tmp_path / "new")
    assert outbox.waiting() == []
    for each in (entry(3), entry(1), entry(2, refused=ErrorCode.CONFLICT)):
        outbox.keep(each)
    assert outbox.waiting() == [entry(1), entry(3)]
    outbox.remove(entry(1).id)
    outbox.remove(entry(1).id)
    assert outbox.waiting() == [entry(3)]


def test_a_new_login_releases_what_the_old_one_held_back(tmp_path: Path) -> None:
    """EXPIRED, REVOKED, SCOPE and DENIED wait again; a conflict does not."""
    outbox = Outbox(tmp_path)
    codes = [ErrorCode.EXPIRED, ErrorCode.REVOKED, ErrorCode.SCOPE, ErrorCode.CONFLICT]
    for number, code in enumerate(codes):
        outbox.keep(entry(number))
        outbox.hold_back(entry(number), code)
    assert outbox.waiting() == []
    outbox.release_login_refusals()
    assert outbox.waiting() == [entry(0), entry(1), entry(2)]


def test_holding_back_does_not_bring_a_confirmed_entry_back(tmp_path: Path) -> None:
    """Another process may have had it confirmed."""
    outbox = Outbox(tmp_path)
    outbox.hold_back(entry(1), ErrorCode.REVOKED)
    assert list(outbox.entries()) == []


@given(data=st.binary(max_size=50))
def test_a_damaged_file_blocks_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """The other entries are sent; the damaged file stays and is named."""
    outbox = Outbox(tmp_path_factory.mktemp("outbox"))
    outbox.keep(entry(2))
    write_private(outbox.path(entry(1).id), data)
    write_private(outbox.folder / "notes.json", b"{}")
    assert outbox.waiting() == [entry(2)]
    assert outbox.damaged() == [outbox.path(entry(1).id), outbox.folder / "notes.json"]
