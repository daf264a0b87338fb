"""Deciding a login: is the credential right, and which token comes of it.

Rules: an unknown user gets the same answer as a wrong password or a wrong invite, after the same
work, and only who holds an invite hears how it ended; a password is compared only behind the gate,
and after the caller asked the throttles; what a form proves about a token is checked before
anything is said about that token. A LOGIN that spent an invite or replaced a password, and whose
GRANT was lost with the process, is granted again to who repeats it: under its rid, with its reply
key and the password that it set.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from diaryserver.service.logins.gate import PasswordGate
from diaryserver.service.ports.accounts import (
    AccountStore,
    PasswordHasher,
    Token,
    TokenChange,
    User,
)
from diaryserver.service.ports.clock import Clock
from diaryserver.service.token_life import (
    Seed,
    Wish,
    authenticated_again,
    draw_seed,
    grant_of,
    renewed,
    token_of_login,
    why_not_renewed,
)
from diaryserver.service.work.threads import Workers
from protocol.envelope import VERSION
from protocol.errors import (
    ConflictError,
    DeniedError,
    InvalidRequestError,
    ScopeError,
    TokenExpiredError,
    TokenRevokedError,
)
from protocol.identifiers import EntryId
from protocol.login import is_proof
from protocol.messages.account import Grant
from protocol.messages.base import Scope, allows
from protocol.messages.forms import Form, LoginForm, PasswordForm, ProvenForm, RenewalForm

MIN_PASSWORD: Final = 8
"""Characters; NIST SP 800-63B's least. The throttles, not the length, stop online guessing."""

_NOBODY: Final = bytes(16)
"""The uid of no user."""

_REPLY_KEY_LABEL: Final = b"diary/1 reply key"


def check_form(form: Form) -> None:
    """Raise InvalidRequestError for what needs no look at a credential."""
    if not form.lowest <= VERSION <= form.highest:
        raise InvalidRequestError(f"this server speaks version {VERSION} only")
    chooses = isinstance(form, PasswordForm) or (isinstance(form, LoginForm) and form.invite)
    if chooses and not isinstance(form, RenewalForm) and len(form.password) < MIN_PASSWORD:
        raise InvalidRequestError(f"a password has at least {MIN_PASSWORD} characters")


class Credentials:
    """Turns an accepted form into a token."""

    def __init__(  # noqa: PLR0913 - the service hands in each part
        self,
        clock: Clock,
        accounts: AccountStore,
        hasher: PasswordHasher,
        gate: PasswordGate,
        random_bytes: Callable[[int], bytes],
        workers: Workers,
    ) -> None:
        """`random_bytes(n)` is the system's source of chance."""
        self._clock = clock
        self._accounts = accounts
        self._hasher = hasher
        self._gate = gate
        self._random_bytes = random_bytes
        self._workers = workers

    def proven(self, form: ProvenForm, binding: bytes) -> Token:
        """Give the live token that a form proves, from memory; `binding` ties it to its LOGIN.

        Raise DeniedError, TokenRevokedError, TokenExpiredError, or ScopeError for a password that
        the token may not change.
        """
        now = self._clock.now()
        token = self._accounts.token(form.kid)
        if token is None or token.is_abandoned(now):
            raise DeniedError
        try:
            root = self._accounts.root(token)
        except KeyError:  # its generation was destroyed since the line above
            raise DeniedError from None
        if not is_proof(root, form, binding):
            raise DeniedError
        if token.revoked:
            raise TokenRevokedError
        if not token.is_live(now):
            raise TokenExpiredError
        if isinstance(form, PasswordForm) and not allows(token.scopes, Scope.FULL):
            raise ScopeError
        return token

    async def log_in(self, form: LoginForm, rid: EntryId, *, is_trusted: bool) -> Grant:
        """Check a password or an invite, and begin a line; raise DeniedError."""
        user = await self._workers.accounts.run(self._accounts.find_user, form.user)
        if form.invite:
            return await self._by_invite(user, form, rid, is_trusted=is_trusted)
        hashed = await self._compared(user, form.password, is_trusted=is_trusted)
        if user is None:
            raise DeniedError

        def keep() -> Grant | None:
            self._check_unchanged(user, hashed)
            return self._minted(user, form, hashed)

        grant = await self._workers.accounts.run(keep)
        if grant is None:
            raise DeniedError
        return grant

    async def renew(self, token: Token) -> Grant:
        """Give a proven token its successor; raise InvalidRequestError if that is not due."""
        seed = self._seed()
        if why_not := why_not_renewed(token, seed.now, seed.generation):
            raise InvalidRequestError(why_not)
        successor = renewed(seed, token)
        await self._workers.accounts.run(self._accounts.replace, successor)
        return self._grant(successor)

    async def change_password(
        self, token: Token, form: PasswordForm, rid: EntryId, *, is_trusted: bool
    ) -> Grant:
        """Check the current password of a proven token's user and set the new one.

        Raise DeniedError if it is wrong.
        """
        user = await self._workers.accounts.run(self._accounts.find_user, token.user)
        if user is None or user.uid != token.uid:
            raise TokenRevokedError
        change = self._change(user, form, rid)
        try:
            return self._grant(
                await self._with_password(token, user, form, change, is_trusted=is_trusted)
            )
        except (DeniedError, ConflictError) as error:
            again = await self._granted_before(change, user, form.password, is_trusted=is_trusted)
            if again is None:
                raise error from None
            return self._grant(again)

    async def _with_password(
        self, token: Token, user: User, form: PasswordForm, change: TokenChange, *, is_trusted: bool
    ) -> Token:
        """Set the new password and give the successor; raise DeniedError, or ConflictError."""
        hashed = await self._compared(user, form.current, is_trusted=is_trusted)
        async with self._gate.admit(is_trusted=is_trusted):
            changed = await self._workers.passwords.run(self._hasher.hash, form.password)
        successor = authenticated_again(self._seed(), token)

        def keep() -> None:
            self._check_unchanged(user, hashed)
            self._accounts.change_password(successor, changed, keep=form.keep, change=change)

        await self._workers.accounts.run(keep)
        return successor

    async def _by_invite(
        self, user: User | None, form: LoginForm, rid: EntryId, *, is_trusted: bool
    ) -> Grant:
        """Spend an invite, set the password and begin a line; raise DeniedError."""
        accounts, workers = self._accounts, self._workers
        change = self._change(user, form, rid)
        is_good = await workers.accounts.run(accounts.is_invite, user, form.invite, change.made)
        if is_good and user is not None:
            async with self._gate.admit(is_trusted=is_trusted):
                hashed = await workers.passwords.run(self._hasher.hash, form.password)
            grant = await workers.accounts.run(self._minted, user, form, hashed, change)
            if grant is not None:
                return grant
        again = await self._granted_before(change, user, form.password, is_trusted=is_trusted)
        if again is not None:
            return self._grant(again)
        end = await workers.accounts.run(accounts.end_of_invite, user, form.invite)
        raise DeniedError(end or "")

    async def _granted_before(
        self, change: TokenChange, user: User | None, password: str, *, is_trusted: bool
    ) -> Token | None:
        """Give the unused token of the same LOGIN, whose GRANT was lost, None if there is none.

        Raise DeniedError if `password` is not the one that this LOGIN set. Without the reply key,
        32 random bytes, nobody comes as far as that.
        """
        granted_before = self._accounts.granted_before
        if await self._workers.accounts.run(granted_before, change) is None or user is None:
            return None
        hashed = await self._compared(user, password, is_trusted=is_trusted)

        def again() -> Token | None:
            self._check_unchanged(user, hashed)
            return granted_before(change)

        return await self._workers.accounts.run(again)

    async def _compared(self, user: User | None, password: str, *, is_trusted: bool) -> str:
        """Give the kept hash that `password` fits; raise DeniedError if it is another's."""
        accounts, workers, hasher = self._accounts, self._workers, self._hasher
        async with self._gate.admit(is_trusted=is_trusted):
            hashed = await workers.accounts.run(accounts.password_hash, user)
            if not await workers.passwords.run(hasher.is_password, hashed, password):
                raise DeniedError
        return hashed

    def _minted(
        self, user: User, form: LoginForm, hashed: str, change: TokenChange | None = None
    ) -> Grant | None:
        """Keep a line's first token and grant it; None if the invite, or the user, is gone."""
        wish = Wish(form.label, form.scopes, form.lifetime, form.fixed)
        token = token_of_login(self._seed(), user, wish)
        minted = self._accounts.mint(token, form.invite, hashed, change)
        if minted is None:
            return None
        return self._grant(token, minted.ended.label if minted.ended else "")

    def _check_unchanged(self, user: User, hashed: str) -> None:
        """Raise DeniedError if the password is no longer the one that was compared.

        Whoever knows the old one could else be logging in at the moment when it is changed, and
        keep a token that nobody ended. Called by the accounts' one thread together with what
        depends on it.
        """
        if self._accounts.password_hash(user) != hashed:
            raise DeniedError

    def _change(
        self, user: User | None, form: LoginForm | PasswordForm, rid: EntryId
    ) -> TokenChange:
        """Name a LOGIN so that its repetition is known, and nobody else's: by its reply key."""
        digest = hashlib.sha256(_REPLY_KEY_LABEL + form.key).digest()
        return TokenChange(user.uid if user else _NOBODY, rid, digest, self._clock.now())

    def _seed(self) -> Seed:
        accounts = self._accounts
        return draw_seed(
            self._random_bytes, accounts.token, accounts.generation(), self._clock.now()
        )

    def _grant(self, token: Token, ended: str = "") -> Grant:
        return grant_of(token, self._accounts.root(token), self._clock.now(), ended)
