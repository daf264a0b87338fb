"""What the operator does with keys: look at them without seeing one, and rotate the master key."""

from typing import Final

from diaryserver.admin.operations import Commands, Json, moment
from diaryserver.service.ports.accounts import AccountStore
from diaryserver.service.ports.clock import Clock
from protocol.errors import UsageError

MAX_DEADLINE_MILLISECONDS: Final = 366 * 86_400_000
"""A year: by then every login has to be made anew anyway, so the old key would serve nobody."""


class KeyOperations:
    """Keys, for the operator; every method is called by the accounts' one thread."""

    def __init__(self, clock: Clock, accounts: AccountStore, fingerprint: str) -> None:
        """`fingerprint` is the identity's, as clients show it."""
        self._clock = clock
        self._accounts = accounts
        self._fingerprint = fingerprint

    def commands(self) -> Commands:
        """Give the commands by name."""
        return {
            "fingerprint": self.fingerprint,
            "key show": self.show,
            "key rotate": self.rotate,
        }

    def fingerprint(self) -> Json:
        """Give what clients are shown at first contact."""
        return self._fingerprint

    def show(self) -> Json:
        """Give the fingerprint, and of each generation its times and how many logins need it."""
        now = self._clock.now()
        tokens = [token for token in self._accounts.list_all_tokens() if token.is_live(now)]
        generations = self._accounts.list_generations()
        rows: list[Json] = [
            {
                "generation": each.number,
                "created": moment(each.created),
                "retires": moment(each.retires),
                "current": each is generations[-1],
                "logins": sum(token.generation == each.number for token in tokens),
            }
            for each in generations
        ]
        return {"fingerprint": self._fingerprint, "generations": rows}

    def rotate(self, lifetime: int) -> Json:
        """Make a new master key; older ones are destroyed `lifetime` ms from now, or before."""
        if not 0 <= lifetime <= MAX_DEADLINE_MILLISECONDS:
            raise UsageError("a deadline is at most 366 days ahead")
        now = self._clock.now()
        made = self._accounts.rotate(now, now + lifetime)
        return {"generation": made.number, "retires": moment(now + lifetime)}
