"""The table of a whole run put into the documents, between two comments that nobody sees.

Rules: only a run of all rows at full scale is shown, because a reader takes the rows together; what
stands between the comments is never edited by hand.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.report import Report, goals_met, to_markdown

README: Final = Path("README.md")
WHOLE: Final = Path("docs/BENCHMARKS.md")
DOCUMENTS: Final = (README, WHOLE)
SHORT_COLUMNS: Final = 5
"""The README goes as far as the goal; who wants CPU times and runs reads on."""

BEGIN: Final = "<!-- the table of `make bench`: begin -->\n"
END: Final = "<!-- the table of `make bench`: end -->\n"


def paste(report: Report, root: Path, expected: Sequence[str]) -> None:
    """Put the table into the documents below `root`, in place of the one that is there.

    Raise BenchmarkError unless the figures are called as `expected`, in that order.
    """
    measured = [figure.name for figure in report.figures]
    missing = [name for name in expected if name not in measured]
    if missing:
        raise BenchmarkError(f"not measured, so nothing is shown: {'; '.join(missing)}")
    if measured != list(expected):
        raise BenchmarkError("other rows were measured than there are; type: make bench")
    machine, *others = report.remarks
    met = goals_met(report.figures)
    short = [to_markdown(report.figures, SHORT_COLUMNS), f"{met} {machine}"]
    whole = [to_markdown(report.figures), met, machine, *others]
    for name, lines in ((README, short), (WHOLE, whole)):
        path = root / name
        path.write_text(with_table(path.read_text(), "\n".join(lines) + "\n"))


def shown_table(document: str) -> str:
    """Give what stands between the comments; raise BenchmarkError if they are not there."""
    before, begin, rest = document.partition(BEGIN)
    shown, end, _ = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before:
        raise BenchmarkError("the document has no place for the table of the benchmarks")
    return shown


def with_table(document: str, table: str) -> str:
    """Give the document with another table between the comments; raise as `shown_table`."""
    return document.replace(BEGIN + shown_table(document) + END, BEGIN + table + END)
