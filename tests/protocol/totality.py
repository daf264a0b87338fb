"""The promise of every decoder: a value or MalformedError, whatever it is given."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from protocol.errors import MalformedError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def attempt(
    decode: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result | None:
    """Give what `decode` gives, or None if it refuses; every other exception passes through."""
    try:
        return decode(*arguments, **named)
    except MalformedError:
        return None


def is_refused(
    decode: Callable[Parameters, object], *arguments: Parameters.args, **named: Parameters.kwargs
) -> bool:
    """Tell whether `decode` refuses; every other exception passes through."""
    try:
        decode(*arguments, **named)
    except MalformedError:
        return True
    return False
