"""What the operator does with users."""

import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from diaryserver.admin.operations import Commands, Json, moment
from diaryserver.service.logins.credentials import MIN_PASSWORD
from diaryserver.service.ports.accounts import AccountStore, PasswordHasher, User
from diaryserver.service.ports.clock import Clock
from diaryserver.service.removal import remove_account
from protocol.address import Address
from protocol.errors import NotFoundError, UsageError
from protocol.identifiers import Username
from protocol.invite import Invite
from protocol.messages.forms import MAX_PASSWORD_BYTES
from protocol.secretline import check_typed

INVITE_LIFE_MILLISECONDS: Final = 7 * 86_400_000

logger = logging.getLogger(__name__)


class DiaryMover(Protocol):
    """What of an entry store is needed here, as `service.ports.entries` says it."""

    def retire(self, user: Username, uid: bytes) -> str:
        """Move a whole diary aside, durably, and give its new place."""

    def purge(self, user: Username, uid: bytes) -> None:
        """Delete a whole diary for good, durably."""


class UserOperations:
    """Users, for the operator; every method is called by the accounts' one thread."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part
        self,
        clock: Clock,
        accounts: AccountStore,
        diaries: DiaryMover,
        hasher: PasswordHasher,
        fingerprint: str,
        public_address: Callable[[], Address],
    ) -> None:
        """`diaries` is the entry store, as its own thread lets others call it.

        `public_address` gives what an invite says, or raises UsageError if it is unknown.
        """
        self._clock = clock
        self._accounts = accounts
        self._diaries = diaries
        self._hasher = hasher
        self._fingerprint = fingerprint
        self._public_address = public_address

    def commands(self) -> Commands:
        """Give the commands by name."""
        return {
            "user add": self.add,
            "user invite": self.invite,
            "user list": self.list_all,
            "user find": self.find,
            "user passwd": self.passwd,
            "user disable": self.disable,
            "user enable": self.enable,
            "user remove": self.remove,
        }

    def add(self, name: str, password: str = "") -> Json:
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
        return self._invitation(user, address)

    def invite(self, name: str) -> Json:
        """Give a new invite for a user, whoever that is; an earlier one is void."""
        user = find(self._accounts, name)
        if user.is_disabled:
            raise UsageError(f"the user {name} is disabled; first type: user enable {name}")
        return self._invitation(user, self._public_address())

    def ensure(self, names: Iterable[Username]) -> None:
        """Create the users that a configuration names, without a login, unless they exist."""
        for name in names:
            if self._accounts.find_user(name) is None:
                self._set_stray_diary_aside(self._accounts.add_user(name, self._clock.now()))
                logger.info("made the user %s, whom the configuration names for plain text", name)

    def list_all(self) -> Json:
        """Give each user's name, creation, state and number of logins."""
        return [self._row(user) for user in self._accounts.list_users()]

    def find(self, name: str) -> Json:
        """Give a user's name; raise NotFoundError if there is no such user."""
        return {"user": str(find(self._accounts, name).name)}

    def passwd(self, name: str, password: str, keep_tokens: bool) -> Json:  # noqa: FBT001 - JSON
        """Give a user another password, and end all logins unless `keep_tokens`."""
        check_password(password)
        user = find(self._accounts, name)
        hashed = self._hasher.hash(password)
        ended = self._accounts.set_password(user, hashed, self._clock.now(), keep=keep_tokens)
        return {"user": name, "ended": ended}

    def disable(self, name: str) -> Json:
        """Let a user log in no more, and end all logins for good."""
        user = find(self._accounts, name)
        return {"user": name, "ended": self._accounts.disable_user(user, self._clock.now())}

    def enable(self, name: str) -> Json:
        """Let a user log in again."""
        self._accounts.enable_user(find(self._accounts, name))
        return {"user": name}

    def remove(self, name: str, purge: bool) -> Json:  # noqa: FBT001 - a JSON value
        """Revoke a user's logins, and move the diary aside, or delete it for good."""
        user = find(self._accounts, name)
        place = remove_account(self._accounts, self._diaries.retire, user, self._clock.now())
        if purge:
            self._diaries.purge(user.name, user.uid)
        return {"user": name, "diary": "" if purge else place}

    def _invitation(self, user: User, address: Address) -> Json:
        code = self._accounts.invite(user, self._clock.now() + INVITE_LIFE_MILLISECONDS)
        invite = Invite(address, user.name, self._fingerprint, code)
        return {"user": str(user.name), "invite": invite.encode()}

    def _set_stray_diary_aside(self, user: User) -> None:
        # Left by a removal that was cut off: a new user of that name must not inherit it.
        self._diaries.retire(user.name, user.uid)

    def _row(self, user: User) -> dict[str, Json]:
        now = self._clock.now()
        tokens = self._accounts.list_tokens(user)
        live = [token for token in tokens if token.is_live(now)]
        return {
            "name": str(user.name),
            "created": moment(user.created),
            "state": _state(user),
            "logins": len({token.id for token in live}),
        }


def find(accounts: AccountStore, name: str) -> User:
    """Give a user; raise NotFoundError, or MalformedError for what is no name."""
    user = accounts.find_user(Username(name))
    if user is None:
        raise NotFoundError(f"there is no user {name}")
    return user


def _state(user: User) -> str:
    if user.is_disabled:
        return "disabled"
    return "active" if user.has_password else "new"


def check_password(password: str) -> None:
    """Raise UsageError unless a password is long enough, fits into a LOGIN, and can be typed."""
    check_typed(password, "password")
    if len(password) < MIN_PASSWORD:
        raise UsageError(f"a password has at least {MIN_PASSWORD} characters")
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        raise UsageError(f"a password has at most {MAX_PASSWORD_BYTES} bytes")
