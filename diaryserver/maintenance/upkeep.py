"""What looking after the data asks of whoever owns it: the running server, or the command itself.

These become commands of the admin socket, so arguments and answers are plain JSON values.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from diaryserver.admin.operations import Json
from diaryserver.maintenance.recovery import read_aside
from diaryserver.service.ports.accounts import AccountStore
from diaryserver.service.ports.dayfiles import DayFileStore
from protocol.errors import NotFoundError
from protocol.identifiers import Username

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class CallStore(Protocol):
    """Calls a method of the store on its own thread, and waits."""

    def __call__(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **keywords: _Arguments.kwargs,
    ) -> _Result:
        """Give what the function gives, or raise what it raises."""


class Upkeep:
    """Commands on the diaries; every one is called by the accounts' one thread."""

    def __init__(
        self, data: Path, accounts: AccountStore, day_files: DayFileStore, call: CallStore
    ) -> None:
        """`call` runs a function on the thread that all writes to day files happen on."""
        self._data = data
        self._accounts = accounts
        self._day_files = day_files
        self._call = call

    def commands(self) -> Mapping[str, Callable[..., Json]]:
        """Give the commands by name."""
        return {
            "entries settle": self.settle,
            "entries wait": self.wait,
            "recover": self.recover,
        }

    def settle(self) -> Json:
        """Bring everything that was acknowledged into the day files."""
        self._call(self._day_files.settle)
        return None

    def wait(self) -> Json:
        """Return once every write is over that had begun before: a place in the writers' queue."""
        self._call(lambda: None)
        return None

    def recover(self, path: str, user: str) -> Json:
        """Bring a day file that is set aside back into a user's diary; give how many records."""
        found = self._accounts.find_user(Username(user))
        if found is None:
            raise NotFoundError(f"there is no user {user}; add one, or choose one with --as")
        day, content = read_aside(self._data, path)
        return self._call(self._day_files.absorb, found.name, day, content)
