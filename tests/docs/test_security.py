"""SECURITY.md names tests that exist for each of its promises, and leaves out no attack."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
DOCUMENT: Final = (TESTS.parent / "docs" / "SECURITY.md").read_text()
PROMISES: Final = re.findall(r"^\| (\d+) \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
NAMED: Final = re.compile(r"`([a-z_/]+\.py)::(\w+)`")


def names_in(path: Path) -> set[str]:
    """Give the names of a module's tests."""
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_promises_are_numbered_in_order() -> None:
    """So that "row 12" means one."""
    assert [int(number) for number, _, _ in PROMISES] == list(range(1, len(PROMISES) + 1))
    assert PROMISES


@pytest.mark.parametrize("number", range(1, len(PROMISES) + 1))
def test_every_promise_is_held_by_tests_that_exist(number: int) -> None:
    """One at least, and nothing but names of tests stands in that column."""
    _, promise, held = PROMISES[number - 1]
    named = NAMED.findall(held)
    assert named, promise
    assert NAMED.sub("", held).strip() == ""
    for module, name in named:
        assert (TESTS / module).is_file(), module
        assert name in names_in(TESTS / module), f"{module}::{name}"


def test_every_attack_is_named_in_the_document() -> None:
    """What is tried in tests/attacks belongs to a promise."""
    named = set(NAMED.findall(DOCUMENT))
    for path in sorted((TESTS / "attacks").glob("test_*.py")):
        for name in names_in(path):
            assert (f"attacks/{path.name}", name) in named
