"""Entries named by the end of an id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryclient.entries.endings import resolve
from diaryclient.errors import NoSuchEntryError
from diaryclient.screen.display import ShortIds
from protocol.errors import UsageError
from protocol.identifiers import EntryId

IDS = st.builds(
    EntryId.make,
    st.integers(0, 2**40),
    # Few different ends, so that there are twins.
    st.builds(lambda end: bytes(9) + bytes([end]), st.integers(0, 40)),
)


def find(ending: str, ids: list[EntryId]) -> EntryId:
    """Resolve an ending among ids."""
    return resolve(ending, ids, lambda each: each, lambda _, name: f"<{name}>")


@given(st.lists(IDS, unique=True, max_size=12), st.data())
def test_an_ending_means_the_one_id_that_ends_so(ids: list[EntryId], data: st.DataObject) -> None:
    """None is not found; of several each is listed, with a name that means it alone."""
    ending = data.draw(st.sampled_from([*(each.hex()[-2:] for each in ids), "ff", "0"]))
    fitting = [each for each in ids if each.hex().endswith(ending)]
    if len(fitting) == 1:
        assert find(ending.upper(), ids) == fitting[0]
    elif not fitting:
        with pytest.raises(NoSuchEntryError, match=f"ends in {ending}$") as missing:
            find(ending, ids)
        assert missing.value.exit_status == 7
    else:
        with pytest.raises(UsageError, match="several ids:") as ambiguous:
            find(ending, ids)
        assert ambiguous.value.exit_status == 2
        names = [row.strip("<>") for row in str(ambiguous.value).split("\n")[1:]]
        assert [find(name, fitting) for name in names] == fitting


@given(st.lists(IDS, unique=True, max_size=12))
def test_what_is_shown_can_be_typed(ids: list[EntryId]) -> None:
    """The names of a list name its entries."""
    for entry_id, name in ShortIds().name(ids).items():
        assert find(name, ids) == entry_id


@pytest.mark.parametrize("ending", ["", "xyz", "-1", "0" * 33, "٣", "a b"])
def test_what_ends_no_id_is_a_mistake(ending: str) -> None:
    """An empty one would mean any entry."""
    with pytest.raises(UsageError, match="1 to 32 of 0-9 a-f"):
        find(ending, [])
