"""Deciding a login: is the credential right, and which token comes of it.

Rules: an unknown user gets the same answer as a wrong password or a wrong invite, after the same
work; a password is compared only behind the gate, and after the caller asked the throttles; what
a form proves about a token is checked before anything is said about that token.
"""

from collections.abc import Callable
from typing import Final

from diaryserver.service.gate import PasswordGate
from diaryserver.service.ports import AccountStore, Clock, PasswordHasher, Token, User
from diaryserver.service.threads import Workers
from diaryserver.service.tokens import (
    Seed,
    Wish,
    authenticated_again,
    draw_seed,
    grant_of,
    renewed,
    token_of_login,
    why_not_renewed,
)
from protocol.envelope import VERSION
from protocol.errors import (
    DeniedError,
    InvalidRequestError,
    ScopeError,
    TokenExpiredError,
    TokenRevokedError,
)
from protocol.login import is_proof
from protocol.messages import (
    Form,
    Grant,
    LoginForm,
    PasswordForm,
    ProvenForm,
    RenewalForm,
    Scope,
    allows,
)

MIN_PASSWORD: Final = 8
"""Characters; NIST SP 800-63B's least. The throttles, not the length, stop online guessing."""


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

    async def log_in(self, form: LoginForm, *, is_trusted: bool) -> Grant:
        """Check a password or an invite, and begin a line; raise DeniedError."""
        user = await self._workers.accounts.run(self._accounts.find_user, form.user)
        async with self._gate.admit(is_trusted=is_trusted):
            hashed = await self._accepted_hash(user, form)
        if user is None or hashed is None:
            raise DeniedError
        wish = Wish(form.label, form.scopes, form.lifetime, form.fixed)
        token = token_of_login(self._seed(), user, wish)
        await self._workers.accounts.run(self._keep_login, user, token, form.invite, hashed)
        return self._grant(token)

    async def renew(self, token: Token) -> Grant:
        """Give a proven token its successor; raise InvalidRequestError if that is not due."""
        seed = self._seed()
        if why_not := why_not_renewed(token, seed.now, seed.generation):
            raise InvalidRequestError(why_not)
        successor = renewed(seed, token)
        await self._workers.accounts.run(self._accounts.replace, successor)
        return self._grant(successor)

    async def change_password(self, token: Token, form: PasswordForm, *, is_trusted: bool) -> Grant:
        """Check the current password of a proven token's user and set the new one.

        Raise DeniedError if it is wrong.
        """
        accounts, workers, hasher = self._accounts, self._workers, self._hasher
        user = await workers.accounts.run(accounts.find_user, token.user)
        if user is None or user.uid != token.uid:
            raise TokenRevokedError
        async with self._gate.admit(is_trusted=is_trusted):
            hashed = await workers.accounts.run(accounts.password_hash, user)
            if not await workers.passwords.run(hasher.is_password, hashed, form.current):
                raise DeniedError
            changed = await workers.passwords.run(hasher.hash, form.password)
        successor = authenticated_again(self._seed(), token)

        def keep() -> None:
            self._check_unchanged(user, hashed)
            accounts.change_password(successor, changed, keep=form.keep)

        await workers.accounts.run(keep)
        return self._grant(successor)

    def _keep_login(self, user: User, token: Token, invite: bytes, hashed: str) -> None:
        if not invite:
            self._check_unchanged(user, hashed)
        if not self._accounts.mint(token, invite, hashed):
            raise DeniedError

    def _check_unchanged(self, user: User, hashed: str) -> None:
        """Raise DeniedError if the password is no longer the one that was compared.

        Whoever knows the old one could else be logging in at the moment when it is changed, and
        keep a token that nobody ended. Called by the accounts' one thread together with what
        depends on it.
        """
        if self._accounts.password_hash(user) != hashed:
            raise DeniedError

    async def _accepted_hash(self, user: User | None, form: LoginForm) -> str | None:
        """Give the hash of the accepted password, an invite's new one included."""
        accounts, workers, hasher = self._accounts, self._workers, self._hasher
        if form.invite:
            now = self._clock.now()
            if not await workers.accounts.run(accounts.is_invite, user, form.invite, now):
                return None
            return await workers.passwords.run(hasher.hash, form.password)
        hashed = await workers.accounts.run(accounts.password_hash, user)
        fits = await workers.passwords.run(hasher.is_password, hashed, form.password)
        return hashed if fits else None

    def _seed(self) -> Seed:
        accounts = self._accounts
        return draw_seed(
            self._random_bytes, accounts.token, accounts.generation(), self._clock.now()
        )

    def _grant(self, token: Token) -> Grant:
        return grant_of(token, self._accounts.root(token), self._clock.now())
