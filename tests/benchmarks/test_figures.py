"""Figures: medians of runs that took turns, and what is shown of them."""

import json

from benchmarks.figures import Better, Figure, Sample, Series, alone, take_turns
from benchmarks.report import to_json, to_markdown, to_table


def a_figure(better: Better = Better.HIGHER, goal: float = 2.0) -> Figure:
    """Ours has the median 30 and 5 us, the peer 10."""
    ours = Series((Sample(30, 5), Sample(1000, 9), Sample(20, 4)))
    return Figure("entries/s : peer", ours, alone(10, 10, 10), goal, better)


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
    assert a_figure(Better.HIGHER, 3).is_reached
    assert not a_figure(Better.HIGHER, 3.1).is_reached
    assert a_figure(Better.LOWER, 3).is_reached
    assert not a_figure(Better.LOWER, 2.9).is_reached


def test_the_json_has_these_keys_and_no_others() -> None:
    """Programs read `build/bench.json`: its form is a promise."""
    alone_standing = Figure("restart, s", alone(0.5), None, 2, Better.LOWER)
    assert json.loads(to_json([a_figure(), alone_standing])) == {
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
        ]
    }


def test_the_tables_show_what_was_missed_in_parentheses() -> None:
    """Nobody has to compare a ratio with its goal in the head."""
    reached, missed = a_figure(goal=3), a_figure(goal=4)
    assert "≥ 3 " in to_table([reached])
    assert "(≥ 4)" in to_table([missed])
    assert to_markdown([reached]).splitlines() == [
        "| figure | ours | peer | ratio | goal | CPU us | runs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| entries/s : peer | 30 | 10 | 3 | ≥ 3 | 5 | 3 |",
    ]
