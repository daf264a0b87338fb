"""Replaces a login's token by its successor: by itself when it is due, or with a new password.

Rules: the server must show the pinned identity; the successor is on the disk before it is used, in
place of the old token, which lives on for a while in case this machine dies in between. One process
at a time replaces a login, and the others take what it got.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from diaryclient.asking.asker import Asker
from diaryclient.asking.exchange import PATIENCE
from diaryclient.asking.handshake import Filler
from diaryclient.errors import IdentityChangedError, login_command
from diaryclient.home.logins import HeldLogin, Login
from diaryclient.login.granting import obtain_grant
from protocol.envelope import VERSION
from protocol.errors import RefusedError
from protocol.login import prove
from protocol.messages.account import Identity, Ping
from protocol.messages.forms import PasswordForm, RenewalForm

RENEWING_SECONDS: Final = 3.0
"""For a renewal after a command's own work, when nobody waits for it."""

_PASSWORD_SECONDS: Final = 5.0
"""For another process that renews the login just now."""


def renew(asker: Asker, seconds: float = RENEWING_SECONDS) -> None:
    """Get the successor of the asker's token, save it, use it once; take `seconds` at most.

    If another process was first, take what it got; if one is at it just now, do nothing. Raise
    IdentityChangedError, any other DiaryError, or OSError; then the old token stays.
    """
    deadline = asker.clock.instant().monotonic + seconds
    try:
        with asker.logins.hold(asker.login.name) as held:
            stored = held.current
            if stored is None:
                return  # somebody logged out
            if stored.kid == asker.login.kid:
                _replace(asker, held, partial(_fill_renewal, asker.login), seconds / 2)
            else:
                asker.adopt(stored)
    except BlockingIOError:
        return
    rest = deadline - asker.clock.instant().monotonic
    if rest > 0:
        asker.ask(Ping(), Identity, patience=rest)


def change_password(asker: Asker, current: str, password: str, *, keep: bool) -> None:
    """Change the user's password and the asker's token with it; all others end unless `keep`.

    Both passwords have 1 to 256 bytes. Raise BlockingIOError if another process is changing the
    login, DeniedError if `current` is wrong, the server's other refusals, or UnreachableError: then
    nobody knows which password holds.
    """
    with asker.logins.hold(asker.login.name, _PASSWORD_SECONDS) as held:
        stored = held.current
        if stored is not None and stored.kid != asker.login.kid:
            asker.adopt(stored)
        fill = partial(_fill_password, asker.login, current, password, keep)
        _replace(asker, held, fill, PATIENCE)


def _replace(asker: Asker, held: HeldLogin, fill: Filler, patience: float) -> None:
    """Get a successor, each half of that within `patience` seconds, and save it."""
    login = asker.login
    try:
        grant, _ = obtain_grant(
            asker.connected(),
            login.address,
            fill,
            _only(login),
            clock=asker.clock,
            chance=asker.chance,
            patience=patience,
            offset=login.offset,
        )
    except RefusedError as error:
        raise asker.explained(error) from None
    successor = login._replace(
        kid=grant.kid,
        root=grant.root,
        scopes=grant.scopes,
        expires=grant.expires,
        line=login.id,
    )
    held.save(successor)
    asker.adopt(successor)


def _only(login: Login) -> Callable[[str], None]:
    def check(shown: str) -> None:
        if shown != login.fingerprint:
            command = login_command(login.address, login.user)
            raise IdentityChangedError(
                f"{login.address} shows another identity, {shown}, than the trusted "
                f"{login.fingerprint}; it was told nothing; if its operator confirms that, type: "
                f"{command} --fingerprint {shown}"
            )

    return check


def _fill_renewal(login: Login, key: bytes, binding: bytes) -> RenewalForm:
    proof = prove(login.root, RenewalForm, login.kid, key, binding)
    return RenewalForm(login.kid, proof, key, VERSION, VERSION)


def _fill_password(  # noqa: PLR0913 - the fields of the form
    login: Login,
    current: str,
    password: str,
    keep: bool,  # noqa: FBT001 - bound by `partial`
    key: bytes,
    binding: bytes,
) -> PasswordForm:
    proof = prove(login.root, PasswordForm, login.kid, key, binding)
    return PasswordForm(login.kid, proof, current, password, keep, key, VERSION, VERSION)
