"""The table in the documents is that of the benchmark, and of a whole run."""

import re
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.figures import alone
from benchmarks.pasting import BEGIN, DOCUMENTS, END, paste, shown_table, with_table
from benchmarks.report import Report, Result, to_markdown
from benchmarks.rows import ROWS, titles
from benchmarks.scale import FULL

ROOT = Path(__file__).parents[2]
CLAIMS = [claim for row in ROWS.values() for claim in row.claims]
EMPTY = f"# A diary\n\n{BEGIN}{END}\nThe rest.\n"


def a_report() -> Report:
    """Everything that a whole run gives, each ratio 1."""
    figures = [claim.figure(FULL, alone(1), alone(1)) for claim in CLAIMS]
    return Report(tuple(map(Result.of, figures)), ("2 cores.",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose documents have a place for the table."""
    for name in DOCUMENTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(EMPTY)
    return tmp_path


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_the_documents_show_the_rows_and_goals_that_are_measured(name: Path) -> None:
    """A row or a goal that is changed is measured again before anybody reads of it."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in shown_table((ROOT / name).read_text()).splitlines()
        if line.startswith("|")
    ][2:]
    shown = [(row[0], re.sub(r"[()]", "", row[4])) for row in rows]
    expected = to_markdown(a_report().figures).splitlines()[2:]
    goals = [line.split("|")[5].strip(" ()") for line in expected]
    assert shown == list(zip(titles(list(ROWS), FULL), goals, strict=True))


def test_no_two_rows_have_one_name() -> None:
    """A reader of `bench.json` finds each figure by its name."""
    assert len(set(titles(list(ROWS), FULL))) == len(CLAIMS)


def test_a_whole_run_takes_the_place_of_the_one_before(root: Path) -> None:
    """Once or twice, what stands around the table stays as it was."""
    for _ in range(2):
        paste(a_report(), root, titles(list(ROWS), FULL))
    for name in DOCUMENTS:
        before, _, after = EMPTY.partition(BEGIN + END)
        assert (root / name).read_text().startswith(before + BEGIN + "| figure | ours |")
        assert (root / name).read_text().endswith("2 cores.\n" + END + after)
    assert to_markdown(a_report().figures) in (root / "docs/BENCHMARKS.md").read_text()


def test_a_run_of_some_rows_is_not_shown(root: Path) -> None:
    """Nobody chooses the rows that a reader sees; a quick run has other numbers in its names."""
    whole = a_report()
    few = Report(whole.figures[1:], whole.remarks)
    many = Report((*whole.figures, whole.figures[0]), whole.remarks)
    for report in (few, many):
        with pytest.raises(BenchmarkError, match="measured"):
            paste(report, root, titles(list(ROWS), FULL))
    assert {(root / name).read_text() for name in DOCUMENTS} == {EMPTY}


@pytest.mark.parametrize("document", ["", BEGIN, END, END + BEGIN, BEGIN + BEGIN + END])
def test_a_document_without_one_place_for_the_table_is_an_error(document: str) -> None:
    """No other text is written over."""
    with pytest.raises(BenchmarkError, match="no place"):
        with_table(document, "a table")
