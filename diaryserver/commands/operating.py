"""How a command reaches the data: it owns them itself, or the server that does is asked.

Rules: who asks a running server does not wait for all of one to be imported, half a second.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from diaryserver.admin.caller import ask_running_server
from diaryserver.admin.operations import Json
from diaryserver.configuration import Configuration, find_configuration, read_configuration
from diaryserver.datalock import DataInUseError, acting_as_owner, own_data
from diaryserver.errors import DataError

ATTEMPTS: Final = 20
PAUSE_SECONDS: Final = 0.25
"""Five seconds: a server that is just being restarted answers again by then."""

Run: TypeAlias = Callable[..., Json]
"""Runs an operator's command: its name, then its arguments as a mapping."""


@contextmanager
def operating(configuration: Configuration) -> Iterator[Run]:
    """Give what runs operator's commands: here if no server owns the data, else through it."""
    folder = configuration.data
    with ExitStack() as stack:
        try:
            with acting_as_owner(folder):
                stack.enter_context(own_data(folder))
        except DataInUseError:
            with acting_as_owner(folder):
                yield partial(ask_running_server, folder)
            return
        # Not as the data's owner, who may not be allowed to read programs that root has installed.
        from diaryserver.composition import build_operations  # noqa: PLC0415
        from diaryserver.engine import open_data  # noqa: PLC0415

        stack.enter_context(acting_as_owner(folder))
        data = stack.enter_context(open_data(folder))
        yield build_operations(data, configuration).operations.run


def operate(chosen: Path | None, command: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Run one command on the data of the configuration that was chosen, and give its answer."""
    with operating(read_configuration(find_configuration(chosen))) as run:
        return run(command, arguments)


def check_data(data: Path) -> None:
    """Raise DataError unless there are data: a command that looks after them makes none."""
    if not (data / "accounts.sqlite3").exists():
        raise DataError(f"{data} holds no data of diaryserver")


def settle(data: Path) -> None:
    """Bring all that was acknowledged into the day files; raise DataError or StorageError.

    Without a server the journal that a killed one left is replayed, as a start does.
    """
    from diaryserver.engine import open_entries  # noqa: PLC0415 - as above

    try:
        with acting_as_owner(data), own_data(data), open_entries(data) as entries:
            entries.settle()
    except DataInUseError:
        ask_running_server(data, "entries settle", {})


def wait_for_writers(data: Path) -> None:
    """Return once every write to a day file is over that had begun before."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with own_data(data):
                return  # nobody writes
        except DataInUseError:
            try:
                ask_running_server(data, "entries wait", {})
            except DataError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return
