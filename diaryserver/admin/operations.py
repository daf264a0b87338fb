"""The operator's commands by name: the same functions on the stores whoever calls them.

A running server calls them for its admin socket; without one the command line holds the data lock
and calls them itself. Arguments and results are plain JSON values.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from protocol.errors import UsageError

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
Commands: TypeAlias = Mapping[str, Callable[..., Json]]


class Operations:
    """All commands; every one is called by the accounts' one thread."""

    def __init__(self, *commands: Commands) -> None:
        """Take the commands of each of those who bring some."""
        self._commands = {name: command for some in commands for name, command in some.items()}

    def run(self, command: str, arguments: Mapping[str, object]) -> Json:
        """Run a command by its name; raise a DiaryError for any mistake in it."""
        operation = self._commands.get(command)
        if operation is None:
            raise UsageError(f"the running server knows no command {command!r}; restart it")
        return operation(**arguments)


def moment(milliseconds: int) -> str | None:
    """Give a time in UTC as ISO 8601 writes it, to the second; None for 0, which is no time."""
    if not milliseconds:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC).isoformat()
