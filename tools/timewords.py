"""Puts the table of words for times into docs/CLIENT.md, from the rows that reading goes by.

    python -m tools.timewords docs/CLIENT.md

Rules: what stands between the two comments is never edited by hand; a test says when it is stale.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from diaryclient.typed.times.clock_forms import MOMENT_FORMS, PAIRS, TIME_FORMS
from diaryclient.typed.times.day_forms import DAY_FORMS
from diaryclient.typed.times.period_forms import PERIOD_FORMS
from diaryclient.typed.times.time_form import SAID, Form

BEGIN: Final = "<!-- words for times, by `python -m tools.timewords docs/CLIENT.md`: begin -->\n"
END: Final = "<!-- words for times: end -->\n"

SAME: Final = "the same"
"""The meaning of a row that the document shows together with the one before."""

_PAIR: Final = "a day and a time, in either order; of days that come again the latest not ahead"

_TABLES: Final[tuple[tuple[str, Sequence[Form[Any]]], ...]] = (
    ("a day", DAY_FORMS),
    ("several days", PERIOD_FORMS),
    ("a moment", MOMENT_FORMS),
    ("a time of today", TIME_FORMS),
)


def table() -> str:
    """Give the table in Markdown."""
    lines = [f"Said on {SAID:%A %Y-%m-%d at %H:%M}:", "", "| words | what they mean |", "|---|---|"]
    for title, forms in _TABLES:
        lines.append(f"| **{title}** | |")
        lines += [f"| {shown(examples)} | {means} |" for means, examples in _rows(forms)]
    lines += ["| **both** | |", f"| {shown(PAIRS)} | {_PAIR} |"]
    return "\n".join(lines) + "\n"


def with_table(document: str) -> str:
    """Give the document with the table as it is now; raise ValueError if it has no place for it."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the document has no place for the table of words")
    return f"{before}{BEGIN}{table()}{END}{after}"


def _rows(forms: Sequence[Form[Any]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    means, examples = "", list[tuple[str, str]]()
    for form in forms:
        if form.means != SAME:
            if examples:
                yield means, examples
            means, examples = form.means, []
        examples += form.examples
    yield means, examples


def shown(examples: Sequence[tuple[str, str]]) -> str:
    """Give examples behind what they mean, those that mean the same together."""
    together = groupby(sorted(examples, key=_meant), key=_meant)
    return "; ".join(
        f"{', '.join(f'`{words}`' for words, _ in some)}: {meant}" for meant, some in together
    )


def _meant(example: tuple[str, str]) -> str:
    return example[1]


def main(arguments: Sequence[str]) -> None:
    """Rewrite the documents that are named."""
    for name in arguments:
        path = Path(name)
        path.write_text(with_table(path.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
