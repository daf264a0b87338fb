"""The ids of a day: the newest by heart, and never a wrong word about the others."""

from hypothesis import given
from hypothesis import strategies as st

from diaryserver.store.days.dayids import DayIds

LIMIT = 5
ids = st.integers(0, 40).map(lambda number: number.to_bytes(16, "big"))


@given(st.sets(ids), st.lists(ids, unique=True))
def test_what_is_said_of_an_id_is_true(loaded: set[bytes], added: list[bytes]) -> None:
    """And it is said of all but those older than the newest few, in whatever order they came."""
    known = DayIds(sorted(loaded), LIMIT)
    there = set(loaded)
    for new in added:
        if new not in there:
            known.add([new])
            there.add(new)
        assert len(known) == min(LIMIT, len(there))
        newest = sorted(there)[-LIMIT:]
        for number in range(42):
            each = number.to_bytes(16, "big")
            is_old = len(there) > LIMIT and each < newest[0]
            assert known.find(each) == (None if is_old else each in there)


@given(st.sets(ids), st.sets(ids))
def test_several_at_once_are_as_one_by_one(loaded: set[bytes], added: set[bytes]) -> None:
    """A batch is noted as a whole."""
    new = sorted(added - loaded)
    together, apart = DayIds(sorted(loaded), LIMIT), DayIds(loaded, LIMIT)
    together.add(new)
    for each in new:
        apart.add([each])
    everything = [number.to_bytes(16, "big") for number in range(42)]
    assert [*map(together.find, everything)] == [*map(apart.find, everything)]
