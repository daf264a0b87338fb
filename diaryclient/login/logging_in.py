"""Logging in: whom to trust, then the password, then a token in a file.

Rules: nothing secret is sealed before the server's identity was compared with what is expected of
it, or confirmed. What is expected comes from, in this order: `--fingerprint`, the invite, the pin
of an earlier login. A pin is changed by an explicit `--fingerprint` only, never by accepting
whoever answers.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from diaryclient.asking.exchange import Chance
from diaryclient.asking.session import Session
from diaryclient.clock import Clock
from diaryclient.errors import IdentityChangedError, UntrustedServerError, login_command
from diaryclient.home.logins import Login, Logins
from diaryclient.login.granting import obtain_grant
from diaryclient.login.lifetime import Life
from protocol.address import Address
from protocol.envelope import VERSION
from protocol.errors import UsageError
from protocol.identifiers import Username
from protocol.messages.base import MAX_LABEL_BYTES
from protocol.messages.forms import LoginForm


@dataclass(frozen=True, slots=True)
class Target:
    """Where to log in and as whom; `code` and `invited` (a fingerprint) come from an invite."""

    address: Address
    user: Username
    code: bytes = b""
    invited: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the new token shall be called, may do, and how long it shall live."""

    label: str
    scopes: str
    life: Life


@dataclass(frozen=True, slots=True)
class Trust:
    """What the person said about the server's identity.

    `ask` shows a fingerprint and gives the person's answer; None where there is no terminal.
    """

    explicit: str | None = None
    accept_new: bool = False
    ask: Callable[[str], bool] | None = None


class Gatekeeper:
    """Decides whether a server's identity may be given a credential."""

    def __init__(self, target: Target, trust: Trust, pinned: str | None) -> None:
        """Compare what is known before anything is sent.

        Raise UsageError if flag and invite disagree, IdentityChangedError if invite and pin do.
        """
        self._target = target
        self._trust = trust
        self._pinned = pinned
        if trust.explicit and target.invited not in {None, trust.explicit}:
            raise UsageError(f"--fingerprint: the invite names another server, {target.invited}")
        if not trust.explicit and pinned and target.invited not in {None, pinned}:
            raise self._changed(target.invited or "")

    def check(self, shown: str) -> None:
        """Return if the fingerprint `shown` may be trusted.

        Raise IdentityChangedError if it is not the expected one, UntrustedServerError if nobody
        confirms it.
        """
        expected = self._trust.explicit or self._target.invited or self._pinned
        if expected is None:
            self._check_new(shown)
        elif shown != expected:
            if self._trust.explicit or self._target.invited:
                raise IdentityChangedError(
                    f"{self._target.address} shows {shown}, not the expected {expected}: it may be "
                    "another machine that pretends to be it; nothing was sent; ask its operator"
                )
            raise self._changed(shown)

    def _check_new(self, shown: str) -> None:
        if self._trust.accept_new:
            return
        if self._trust.ask is None:
            raise UntrustedServerError(
                f"{self._target.address} is new here and shows {shown}; if its operator confirms "
                f"that, type: {self._command()} --fingerprint {shown}"
            )
        if not self._trust.ask(shown):
            raise UntrustedServerError("not trusted, so nothing was sent")
        self._pinned = shown  # whoever mistypes the password is not asked about the server again

    def _changed(self, shown: str) -> IdentityChangedError:
        return IdentityChangedError(
            f"THE IDENTITY OF {self._target.address} CHANGED: it was {self._pinned}, now it is "
            f"{shown}; it may be another machine that wants your password, or the operator made "
            "new keys; nothing was sent; if the operator confirms the new one, type: "
            f"{self._command()} --fingerprint {shown}"
        )

    def _command(self) -> str:
        if self._target.code:
            return "diaryclient login INVITE"
        return login_command(self._target.address, self._target.user)


def log_in(  # noqa: PLR0913 - the surroundings, one argument each
    target: Target,
    password: str,
    wish: Wish,
    gatekeeper: Gatekeeper,
    *,
    logins: Logins,
    session: Session,
    clock: Clock,
    chance: Chance,
) -> tuple[Login, str]:
    """Get a token and save it; give the login, and the label of an older one that made room, or "".

    With an invite `password` (1 to 256 bytes) is the new one. Raise a RefusedError if the server
    refuses, UnreachableError, ClocksDifferError, or what `Gatekeeper.check` raises.
    """
    fill = partial(_fill, target, password, wish)
    grant, identity = obtain_grant(
        session, target.address, fill, gatekeeper.check, clock=clock, chance=chance
    )
    login = Login(
        address=target.address,
        user=target.user,
        kid=grant.kid,
        root=grant.root,
        fingerprint=identity,
        scopes=grant.scopes,
        expires=grant.expires,
        created=clock.instant().wall,
        label=wish.label,
        fixed=wish.life.fixed,
    )
    logins.save(login)
    return login, grant.ended


def _fill(target: Target, password: str, wish: Wish, key: bytes, binding: bytes) -> LoginForm:
    del binding  # a password proves itself
    return LoginForm(
        user=target.user,
        password=password,
        invite=target.code,
        key=key,
        label=wish.label,
        scopes=wish.scopes,
        lifetime=wish.life.milliseconds,
        lowest=VERSION,
        highest=VERSION,
        fixed=wish.life.fixed,
    )


def name_of_machine() -> str:
    """Give the host name, by which an owner can tell a token among others; at most 64 bytes."""
    name = socket.gethostname().encode(errors="replace")[:MAX_LABEL_BYTES]
    return name.decode(errors="ignore") or "unnamed"
