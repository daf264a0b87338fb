"""The window of requests in flight: what RFC 8085 asks of a sender that sends much."""

from hypothesis import given
from hypothesis import strategies as st

from diaryclient.asking.window import FIRST, LEAST, MOST, Window


def test_it_grows_by_one_a_round_trip() -> None:
    """So many answers as are in flight make room for one more, up to the most."""
    window = Window()
    for size in range(FIRST, MOST):
        assert window.size == size
        for _ in range(size + 1):
            window.answered(window.size)
    assert window.size == MOST
    for _ in range(10 * MOST):
        window.answered(MOST)
    assert window.size == MOST


def test_who_does_not_use_it_up_learns_nothing_of_the_way() -> None:
    """A thousand single questions prove no room for two."""
    window = Window()
    for _ in range(1000):
        window.answered(1)
    assert window.size == FIRST


def test_one_bad_moment_halves_it_once() -> None:
    """All that was sent before the loss was noticed is of the same moment."""
    window = Window()
    for _ in range(1000):
        window.answered(window.size)
    for sent in range(20):
        window.lost(sent=sent / 100, now=1 + sent / 100)
    assert window.size == MOST // 2
    window.lost(sent=1.5, now=2.0)
    assert window.size == MOST // 4


def test_after_a_rest_it_begins_small() -> None:
    """What was known of the way is old; what was learnt of its narrowness stays."""
    window = Window()
    for _ in range(1000):
        window.answered(window.size)
    window.rested()
    assert window.size == FIRST
    window.lost(sent=0, now=1)
    window.rested()
    assert window.size == FIRST // 2


@given(st.lists(st.tuples(st.sampled_from(["answered", "lost", "rested"]), st.floats(0, 9))))
def test_it_is_never_closed_and_never_wide_open(events: list[tuple[str, float]]) -> None:
    """Whatever happens in whatever order."""
    window = Window()
    for what, number in events:
        if what == "answered":
            window.answered(int(number))
        elif what == "lost":
            window.lost(number, number)
        else:
            window.rested()
        assert LEAST <= window.size <= MOST
