"""What every sync is for: each bite, and by which scenario and state it was noticed; a table.

Rules: a sync that nobody misses alone is taken out together with each that could do the same; what
both keep is then said in a row of its own. Of what is never noticed the reason is derived: another
sync keeps it too, or nobody was told anything before the other sync.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeAlias

from tests.powercut.exploring import MODELS
from tests.powercut.jobs import TOGETHER, Bitten, bite_scenario

Models: TypeAlias = dict[str, Bitten]
"""What became of one bite, by each model: noticed, if it ever was."""


class Verdicts:
    """All bites of all scenarios."""

    def __init__(
        self, pool: ProcessPoolExecutor, names: Sequence[str], seed: int, processes: int
    ) -> None:
        """Try them: in so many processes at once."""
        self._tried: dict[tuple[str, str], Models] = {}
        self._try_all(pool, names, seed, processes, frozenset())
        self._missed = frozenset(
            name
            for (kind, name), models in self._tried.items()
            if kind == "removed" and not _is_noticed(models)
        )
        if self._missed:
            self._try_all(pool, names, seed, processes, self._missed)
        self._covered = {
            name.split(" + ")[0]
            for (kind, name), models in self._tried.items()
            if kind == TOGETHER and _is_noticed(models)
        }

    def show(self, *, is_markdown: bool) -> None:
        """Print the table, and how many there are of each kind."""
        show_row(["what", "where", "ordered metadata", "loose order"], is_markdown=is_markdown)
        if is_markdown:
            show_row(["---"] * 4, is_markdown=True)
        numbers: Counter[str] = Counter()
        left: Counter[str] = Counter()
        for (kind, name), models in sorted(self._tried.items()):
            is_noticed = _is_noticed(models)
            if kind == TOGETHER and not is_noticed:
                continue  # that other one does not do the same
            cells = [models[model].caught or "not noticed" for model in MODELS if model in models]
            why = "" if is_noticed else self._reason(kind, name, models)
            show_row([kind, name, *([why, why] if why else cells)], is_markdown=is_markdown)
            numbers[kind] += 1
            left[kind] += not is_noticed and not why
        for kind, number in sorted(numbers.items()):
            sys.stdout.write(
                f"{kind}: {number}, {left[kind]} of them without a state or a reason\n"
            )

    def _try_all(
        self,
        pool: ProcessPoolExecutor,
        names: Sequence[str],
        seed: int,
        processes: int,
        missed: frozenset[str],
    ) -> None:
        left = list(names)
        while left:
            # What one scenario noticed need not be tried in the next ones.
            now, left = left[:processes], left[processes:]
            known = frozenset(
                (kind, name, model)
                for (kind, name), models in self._tried.items()
                for model, each in models.items()
                if each.caught
            )
            futures = [
                pool.submit(bite_scenario, name, seed, known=known, missed=missed) for name in now
            ]
            for each in (each for future in futures for each in future.result()):
                models = self._tried.setdefault((each.kind, each.name), {})
                if each.model not in models or each.caught:
                    models[each.model] = each
            sys.stderr.write(f"{', '.join(now)}: {len(self._tried)} bites so far\n")

    def _reason(self, kind: str, name: str, models: Models) -> str:
        if kind == "exchanged" and all(each.is_order for each in models.values()):
            return "nobody is told anything in between"
        if kind == "all removed" and self._is_each_known(name):
            return "another function does it too: see *removed*, one by one"
        if name.split(" / ", maxsplit=1)[0] in self._covered:
            return "another one does it too: see *together*"
        return ""

    def _is_each_known(self, function: str) -> bool:
        return all(
            _is_noticed(models) or name in self._covered
            for (kind, name), models in self._tried.items()
            if kind == "removed" and name.startswith(f"{function}: ")
        )


def _is_noticed(models: Models) -> bool:
    return any(each.caught for each in models.values())


def show_row(cells: list[str], *, is_markdown: bool) -> None:
    """Print a row of a table."""
    if is_markdown:
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
    else:
        first, *rest = cells
        sys.stdout.write(f"{first:32}{''.join(each.rjust(13) for each in rest)}\n")
