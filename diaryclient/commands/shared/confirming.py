"""Questions before something is taken away, and what a command may be told instead: `--yes`."""

import click

from diaryclient.surroundings import has_terminal
from protocol.errors import UsageError


def check_askable(verb: str, left: str, *, yes: bool) -> None:
    """Raise UsageError if nobody can be asked and --yes was not given; `left` is what was done."""
    if not yes and not has_terminal():
        raise UsageError(f"no terminal to ask; type --yes to {verb} unasked; {left}")


def confirm(question: str) -> bool:
    """Ask on standard error; no is the answer of whoever only presses Enter."""
    return click.confirm(question, default=False, err=True)
