"""Logins of a home, changed as a test needs them."""

from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Outbox
from diaryclient.home.settings import Choice
from protocol.address import Address
from protocol.identifiers import Username
from tests.programs import Home


def login_of(home: Home, user: str, address: str) -> Login:
    """Give a login of a home."""
    return _logins(home).choose(Choice(Address.parse(address), Username(user)))


def copy_login(home: Home, user: str, address: str, proxy: str) -> Login:
    """Let a home reach the server at `address` through `proxy` too, with the same token."""
    login = login_of(home, user, address)._replace(address=Address.parse(proxy))
    _logins(home).save(login)
    return login


def outbox_of(home: Home, login: Login) -> Outbox:
    """Give the outbox of a login."""
    return Outbox(home.folder / "state" / "diaryclient" / "outbox" / login.name)


def _logins(home: Home) -> Logins:
    return Logins(home.folder / "state" / "diaryclient" / "logins")
