"""The operator's commands as functions on the stores: the same ones whoever calls them.

A running server calls them for its admin socket; without one the command line holds the data lock
and calls them itself. Arguments and results are plain JSON values.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from diaryserver.service.credentials import MIN_PASSWORD
from diaryserver.service.ports import AccountStore, Clock, PasswordHasher, User
from diaryserver.service.removal import remove_account
from protocol.address import Address
from protocol.errors import NotFoundError, UsageError
from protocol.identifiers import Username
from protocol.invite import Invite
from protocol.messages import MAX_PASSWORD_BYTES

INVITE_LIFE_MILLISECONDS: Final = 7 * 86_400_000

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

logger = logging.getLogger(__name__)


class Operations:
    """Users, for the operator; every method is called by the accounts' one thread."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        clock: Clock,
        accounts: AccountStore,
        retire: Callable[[Username, bytes], str],
        hasher: PasswordHasher,
        fingerprint: str,
        public_address: Callable[[], Address],
        more: Mapping[str, Callable[..., Json]],
    ) -> None:
        """Take the stores' methods; `retire` is the entry store's.

        `public_address` gives what an invite says, or raises UsageError if it is unknown; `more`
        are commands that others bring, by name.
        """
        self._clock = clock
        self._accounts = accounts
        self._retire = retire
        self._hasher = hasher
        self._fingerprint = fingerprint
        self._public_address = public_address
        self._commands: Mapping[str, Callable[..., Json]] = {
            "user add": self.add_user,
            "user list": self.list_users,
            "user remove": self.remove_user,
            "fingerprint": self.show_fingerprint,
            **more,
        }

    def run(self, command: str, arguments: Mapping[str, object]) -> Json:
        """Run a command by its name; raise a DiaryError for any mistake in it."""
        operation = self._commands.get(command)
        if operation is None:
            raise UsageError(f"the running server knows no command {command!r}; restart it")
        return operation(**arguments)

    def add_user(self, name: str, password: str = "") -> Json:
        """Create a user; without a password give an invite, one word.

        Who never logged in gets a new invite, which voids the old one: an invite may get lost, and
        a configuration may have made the user for plain text.
        """
        username = Username(name)
        if password:
            check_password(password)
        address = None if password else self._public_address()
        hashed = self._hasher.hash(password) if password else ""
        now = self._clock.now()
        user = self._accounts.find_user(username)
        if user is None or user.has_password:
            user = self._accounts.add_user(username, now)
            self._set_stray_diary_aside(user)
        if address is None:
            self._accounts.set_password_hash(user, hashed)
            return {"user": name, "invite": None}
        code = self._accounts.invite(user, now + INVITE_LIFE_MILLISECONDS)
        invite = Invite(address, username, self._fingerprint, code)
        return {"user": name, "invite": invite.encode()}

    def ensure_users(self, names: Iterable[Username]) -> None:
        """Create the users that a configuration names, without a login, unless they exist."""
        for name in names:
            if not self._accounts.has_user(name):
                self._set_stray_diary_aside(self._accounts.add_user(name, self._clock.now()))
                logger.info("made the user %s, whom the configuration names for plain text", name)

    def list_users(self) -> Json:
        """Give each user's name, creation, state and number of logins."""
        return [self._row(user) for user in self._accounts.list_users()]

    def remove_user(self, name: str) -> Json:
        """Revoke a user's logins and move the diary aside; nothing is destroyed."""
        user = self._accounts.find_user(Username(name))
        if user is None:
            raise NotFoundError(f"there is no user {name}")
        place = remove_account(self._accounts, self._retire, user, self._clock.now())
        return {"user": name, "diary": place}

    def show_fingerprint(self) -> Json:
        """Give what clients are shown at first contact."""
        return self._fingerprint

    def _set_stray_diary_aside(self, user: User) -> None:
        # Left by a removal that was cut off: a new user of that name must not inherit it.
        self._retire(user.name, user.uid)

    def _row(self, user: User) -> dict[str, Json]:
        now = self._clock.now()
        tokens = self._accounts.list_tokens(user)
        live = [token for token in tokens if token.is_live(now)]
        created = datetime.fromtimestamp(user.created / 1000, UTC)
        return {
            "name": str(user.name),
            "created": created.isoformat(timespec="seconds"),
            "state": "active" if user.has_password else "new",
            "logins": len(live),
        }


def check_password(password: str) -> None:
    """Raise UsageError unless a password is long enough and fits into a LOGIN."""
    if len(password) < MIN_PASSWORD:
        raise UsageError(f"a password has at least {MIN_PASSWORD} characters")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise UsageError(f"a password has at most {MAX_PASSWORD_BYTES} bytes")
