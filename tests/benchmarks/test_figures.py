"""Figures: medians of runs that took turns, and what is kept and shown of them."""

import json

import pytest

from benchmarks.claims import Claim
from benchmarks.errors import BenchmarkError
from benchmarks.figures import Better, Figure, Sample, Series, alone, take_turns
from benchmarks.report import Report, Result, from_json, to_json, to_markdown, to_table
from benchmarks.scale import FULL


def a_figure(better: Better = Better.HIGHER, goal: float = 2.0) -> Figure:
    """Ours has the median 30 and 5 us, the peer 10."""
    ours = Series((Sample(30, 5), Sample(1000, 9), Sample(20, 4)))
    return Figure("entries/s : peer", ours, alone(10, 10, 10), goal, better)


def a_report() -> Report:
    """One figure with a peer, one alone, and a remark."""
    restart = Figure("restart, s", alone(0.5), None, 2, Better.LOWER)
    return Report((Result.of(a_figure()), Result.of(restart)), ("2 cores of a ≥ 486.",))


def test_contenders_take_turns_and_each_is_the_first_of_a_round_as_often_as_the_last() -> None:
    """What the machine does meanwhile, or a run leaves behind, favours nobody."""
    order: list[str] = []

    def run(name: str) -> Sample:
        order.append(name)
        return Sample(len(order))

    taken = take_turns({"a": lambda: run("a"), "b": lambda: run("b")}, 4)
    assert order == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert [sample.value for sample in taken["a"].samples] == [1, 4, 5, 8]


def test_a_ratio_is_that_of_the_medians() -> None:
    """One run that went wrong moves neither value nor ratio; alone, the value is compared."""
    figure = a_figure()
    assert (figure.ours.value, figure.ours.cpu_us, figure.ratio) == (30, 5, 3)
    assert Figure("s", alone(1, 2, 9), None, 2, Better.LOWER).ratio == 2


def test_a_goal_is_reached_from_its_own_side() -> None:
    """Higher or lower, a figure that equals its goal has reached it."""
    assert Result.of(a_figure(Better.HIGHER, 3)).is_reached
    assert not Result.of(a_figure(Better.HIGHER, 3.1)).is_reached
    assert Result.of(a_figure(Better.LOWER, 3)).is_reached
    assert not Result.of(a_figure(Better.LOWER, 2.9)).is_reached


def test_a_claim_is_called_the_same_before_and_after_it_was_measured() -> None:
    """So the documents can be compared with the benchmark without measuring anything."""
    claim = Claim("{scale.users:,} users : echo", 3, Better.LOWER)
    figure = claim.figure(FULL, alone(1, 5, 2), alone(4))
    assert figure.name == claim.title(FULL) == "1,000 users : echo"
    assert (figure.ratio, figure.goal, figure.better) == (0.5, 3, Better.LOWER)


def test_the_json_has_these_keys_and_no_others() -> None:
    """Programs read `build/bench.json`: its form is a promise."""
    assert json.loads(to_json(a_report())) == {
        "figures": [
            {
                "name": "entries/s : peer",
                "ours": 30,
                "peer": 10,
                "ratio": 3,
                "goal": 2,
                "better": "higher",
                "cpu_us": 5,
                "runs": 3,
            },
            {
                "name": "restart, s",
                "ours": 0.5,
                "peer": None,
                "ratio": 0.5,
                "goal": 2,
                "better": "lower",
                "cpu_us": None,
                "runs": 1,
            },
        ],
        "remarks": ["2 cores of a ≥ 486."],
    }


def test_what_was_kept_is_read_again() -> None:
    """The documents show what was measured, digit for digit."""
    assert from_json(to_json(a_report())) == a_report()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"figures": [], "remarks": 1}', '{"figures": [{}], "remarks": []}']
)
def test_what_is_no_report_is_an_error(text: str) -> None:
    """A file that something else has written is not shown to anybody."""
    with pytest.raises(BenchmarkError, match=r"no bench\.json"):
        from_json(text)


def test_the_tables_show_what_was_missed_in_parentheses() -> None:
    """Nobody has to compare a ratio with its goal in the head."""
    reached, missed = Result.of(a_figure(goal=3)), Result.of(a_figure(goal=4))
    assert "≥ 3 " in to_table([reached])
    assert "(≥ 4)" in to_table([missed])
    assert to_markdown([reached]).splitlines() == [
        "| figure | ours | peer | ratio | goal | CPU us | runs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| entries/s : peer | 30 | 10 | 3 | ≥ 3 | 5 | 3 |",
    ]
