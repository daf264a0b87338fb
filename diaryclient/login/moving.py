"""A server's logins and entries, taken to the address where it is now.

Rules: only by an explicit word of somebody who was shown both addresses, because a restored copy of
a server has its fingerprint too. What lies at the old address goes to the new one user by user: a
login is there before its entries are, and here until they have gone, so that after a kill the same
command does the rest. A login that is at the new address already stays.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from diaryclient.errors import IdentityChangedError, NotLoggedInError, login_command
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Outbox, outboxes_below
from diaryclient.home.settings import Choice
from protocol.address import Address
from protocol.errors import MalformedError
from protocol.identifiers import Username

_WAITING_SECONDS: Final = 10.0
"""For another process that renews the login or sends an entry just now."""


class Share(NamedTuple):
    """What one user has at the old address, and the login that will be used at the new one.

    `former` is the login at the old address, None if there is none any more; `entries` counts what
    the outbox there keeps.
    """

    user: Username
    former: Login | None
    login: Login
    entries: int

    @property
    def superseded(self) -> Login | None:
        """The former login, if another is used at the new address."""
        return self.former if self.former and self.former.id != self.login.id else None


def find_shares(
    logins: Logins, outboxes: Path, old: Address, new: Address, shown: str
) -> list[Share]:
    """Give what there is to move to the server that shows a fingerprint at `new`.

    Raise IdentityChangedError if it is not the one that was trusted at either address,
    NotLoggedInError if there is nothing, or no login to go with it, or LoginFileError.
    """
    former = {each.user: each for each in logins.all(Choice(server=old))}
    present = {each.user: each for each in logins.all(Choice(server=new))}
    for login in (*former.values(), *present.values()):
        if login.fingerprint != shown:
            raise IdentityChangedError(
                f"{new} shows {shown}, but {login.address} was {login.fingerprint}: these are two "
                "servers, or somebody pretends to be one; nothing was moved"
            )
    waiting = dict(_waiting(outboxes, old))
    shares = [
        Share(user, former.get(user), _login(user, former, present, new), waiting.get(user, 0))
        for user in sorted({*former, *waiting})
    ]
    if not shares:
        raise NotLoggedInError(f"there is no login to {old}, and nothing waits for it")
    return shares


def move(logins: Logins, outboxes: Path, share: Share, old: Address) -> int:
    """Move what one user has; give how many entries went.

    Raise BlockingIOError if another process keeps using it, or OSError: then the rest stays.
    """
    there = Outbox(outboxes / share.login.name)
    here = Outbox(outboxes / f"{share.user}@{old}")
    if share.former is None:
        return here.move_to(there, _WAITING_SECONDS)
    with logins.hold(share.former.name, _WAITING_SECONDS) as before:
        stored = before.current  # it may have been renewed since it was found
        with logins.hold(share.login.name, _WAITING_SECONDS) as after:
            if stored and _is_newer(stored, after.current):
                after.save(stored._replace(address=share.login.address))
        moved = here.move_to(there, _WAITING_SECONDS)
        before.remove()
    return moved


def _is_newer(stored: Login, present: Login | None) -> bool:
    """Tell whether a login is wanted in place of none, or of what a move broken off has left."""
    if present is None:
        return True
    return present.id == stored.id and stored.expires > present.expires


def _login(
    user: Username, former: dict[Username, Login], present: dict[Username, Login], new: Address
) -> Login:
    if user in present:
        return present[user]
    if user in former:
        return former[user]._replace(address=new)
    raise NotLoggedInError(
        f"entries of {user} wait, and there is no login to send them with; first type: "
        f"{login_command(new, user)}; nothing was moved"
    )


def _waiting(outboxes: Path, old: Address) -> Iterator[tuple[Username, int]]:
    for outbox in outboxes_below(outboxes):
        name, _, server = outbox.folder.name.partition("@")
        count = sum(1 for _ in outbox.entries())
        if server == str(old) and count:
            try:
                yield Username(name), count
            except MalformedError:
                continue  # a folder of somebody else's making
