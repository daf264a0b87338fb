"""No sync of the server is without a scenario: who is recorded nowhere, nobody would miss."""

import ast
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import diaryserver
from tests.powercut.jobs import syncing_functions
from tests.powercut.scenarios import scenarios
from tests.powercut.sites import HANDED_ON, SYNCING


def test_every_function_that_syncs_is_in_a_scenario(explorer: ProcessPoolExecutor) -> None:
    """By the code's own text: each function that calls something that syncs."""
    names = [each.name for each in scenarios()]
    recorded = explorer.submit(syncing_functions, names).result()
    written = set(_syncing(Path(diaryserver.__file__).parent))
    assert written - recorded == set()
    assert {"store.journal.journal.Journal._append", "accounts.keyfiles._create"} <= written


def _syncing(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        for name, function in _functions(ast.parse(path.read_text()), ""):
            is_own = name not in HANDED_ON and not name.startswith("AnnouncingDisk.")
            calls = (each for each in ast.walk(function) if isinstance(each, ast.Call))
            if is_own and any(_called(each) in SYNCING for each in calls):
                yield f"{module}.{name}"


def _functions(parent: ast.AST, outer: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{outer}{child.name}.")
        elif isinstance(child, ast.FunctionDef):
            yield f"{outer}{child.name}", child


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
