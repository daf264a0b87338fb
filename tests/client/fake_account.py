"""The tokens of the one user of a fake server: made, listed, renewed, revoked."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from protocol.errors import ErrorCode
from protocol.identifiers import Username
from protocol.keys import TokenKeys, derive_token_keys
from protocol.login import is_proof
from protocol.messages.account import (
    MAX_TOKEN_ROWS,
    Delete,
    Deleted,
    Grant,
    Identity,
    Mint,
    Ping,
    Revoke,
    Revoked,
    TokenList,
    TokenRow,
    Tokens,
    Whoami,
)
from protocol.messages.base import Refusal, Reply, Request, Scope, allows
from protocol.messages.forms import Form, LoginForm, PasswordForm, ProvenForm, RenewalForm
from protocol.messages.table import BY_REQUEST

NINETY_DAYS: Final = 90 * 86_400_000


@dataclass
class FakeToken:
    """A token; `ended` is the code of what it hears."""

    kid: bytes
    root: bytes
    label: str
    scopes: str
    created: int
    expires: int
    line: bytes
    fixed: bool = False
    ended: ErrorCode | None = None
    keys: TokenKeys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = derive_token_keys(self.root, self.kid)


class FakeAccount:
    """Knows one token from the start; `is_deleted` once somebody asked for that."""

    def __init__(
        self, user: Username, kid: bytes, root: bytes, now: Callable[[], int], password: str
    ) -> None:
        self._user = user
        self._first = FakeToken(kid, root, "first", "full", now(), now() + NINETY_DAYS, kid)
        self.tokens = {kid: self._first}
        self.password = password
        self.is_deleted = False
        self._now = now
        self._logins = 0
        self.pushed_out = ""

    def refusal(self, token: FakeToken, request: Request) -> ErrorCode | None:
        """Give why a token may not ask that."""
        needed = BY_REQUEST[type(request)].scope
        return token.ended or (None if allows(token.scopes, needed) else ErrorCode.SCOPE)

    def answer(self, token: FakeToken, request: Request) -> Reply | Refusal | None:
        """Answer a request about tokens or the account; None for any other."""
        handlers: dict[type[Request], Callable[[FakeToken, Any], Reply | Refusal]] = {
            Tokens: self._list,
            Mint: self._mint,
            Revoke: self._revoke,
            Delete: self._delete,
            Whoami: self._whoami,
            Ping: self._whoami,
        }
        handler = handlers.get(type(request))
        return handler(token, request) if handler else None

    def grant(self, form: Form, binding: bytes) -> Grant | Refusal:
        """Answer a form."""
        if isinstance(form, LoginForm):
            return self._log_in(form)
        token = self.tokens.get(form.kid)
        if token is None or not is_proof(token.root, form, binding):
            return self._refused(ErrorCode.DENIED)
        if token.ended:
            return self._refused(token.ended)
        return self._succeed(token, form)

    def _whoami(self, token: FakeToken, request: Whoami | Ping) -> Identity:
        del request
        return Identity(self._user, token.scopes, token.expires, self._now())

    def _log_in(self, form: LoginForm) -> Grant | Refusal:
        if form.password != self.password and not form.invite:
            return self._refused(ErrorCode.DENIED)
        self._logins += 1
        expires = self._now() + form.lifetime if form.lifetime else 0
        if self._logins == 1:
            token = self._first
            token.label, token.scopes, token.fixed = form.label, form.scopes, form.fixed
            token.expires, token.ended = expires, None
        else:
            token = self._make(form.label, form.scopes, expires, fixed=form.fixed)
        return replace(self._granted(token), ended=self.pushed_out)

    def _succeed(self, token: FakeToken, form: ProvenForm) -> Grant | Refusal:
        if isinstance(form, PasswordForm):
            if form.current != self.password:
                return self._refused(ErrorCode.DENIED)
            self.password = form.password
            for other in self.tokens.values():
                if other.line != token.line and not form.keep:
                    other.ended = ErrorCode.REVOKED
        elif token.fixed or not isinstance(form, RenewalForm):
            return self._refused(ErrorCode.INVALID)
        expires = self._now() + NINETY_DAYS
        return self._granted(self._make(token.label, token.scopes, expires, line=token.line))

    def _list(self, token: FakeToken, request: Tokens) -> TokenList:
        newest = {each.line: each for each in self.tokens.values() if each.ended is None}
        further = [newest[line] for line in sorted(newest) if line > request.after]
        rows = tuple(
            TokenRow(
                id=each.line,
                label=each.label,
                scopes=each.scopes,
                created=each.created,
                used=self._now() if each.line == token.line else 0,
                address="192.0.2.7" if each.line == token.line else "",
                expires=each.expires,
                own=each.line == token.line,
            )
            for each in further[:MAX_TOKEN_ROWS]
        )
        return TokenList(rows, len(further) > MAX_TOKEN_ROWS)

    def _mint(self, token: FakeToken, request: Mint) -> Grant | Refusal:
        expires = self._now() + request.lifetime if request.lifetime else 0
        if token.expires and not 0 < expires <= token.expires:
            return self._refused(ErrorCode.INVALID)
        fixed = request.fixed or token.fixed
        made = self._make(request.label, request.scopes, expires, fixed=fixed)
        return self._granted(made)

    def _revoke(self, token: FakeToken, request: Revoke) -> Revoked | Refusal:
        named = self.tokens.get(request.id)
        line = named.line if named else request.id
        found = [each for each in self.tokens.values() if each.line == line]
        if not found:
            return self._refused(ErrorCode.NOT_FOUND)
        if line != token.line and not allows(token.scopes, Scope.FULL):
            return self._refused(ErrorCode.SCOPE)
        live = [each for each in found if each.ended is None]
        for each in live:
            each.ended = ErrorCode.REVOKED
        return Revoked(len(live))

    def _delete(self, token: FakeToken, request: Delete) -> Deleted | Refusal:
        del token
        if request.user != self._user:
            return self._refused(ErrorCode.INVALID)
        self.is_deleted = True
        for each in self.tokens.values():
            each.ended = ErrorCode.REVOKED
        return Deleted()

    def _make(
        self, label: str, scopes: str, expires: int, *, line: bytes = b"", fixed: bool = False
    ) -> FakeToken:
        number = len(self.tokens) + 1
        kid, root = b"kid-%04d" % number, bytes([number]) * 32
        token = FakeToken(kid, root, label, scopes, self._now(), expires, line or kid, fixed)
        self.tokens[kid] = token
        return token

    def _granted(self, token: FakeToken) -> Grant:
        return Grant(token.kid, token.root, token.expires, token.scopes, 1, self._now())

    def _refused(self, code: ErrorCode) -> Refusal:
        return Refusal(code, "", self._now())
