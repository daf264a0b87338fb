"""What sends the entries that wait in an outbox, for `diaryclient.health.diagnosis`. Pure.

Rules: no advice that does nothing. `outbox flush` is for the login in use and a server that
answers; an outbox of another login needs its name, and one of a server that moved, or without a
login, something else altogether.
"""

from dataclasses import dataclass
from shlex import quote

from protocol.address import Address


@dataclass(frozen=True, slots=True)
class Queue:
    """Entries that wait in the outbox of one login; `name` is `alice@host:port`.

    `has_login` says that there is one by which they can be sent; `same` is the address in use, if
    its server has the fingerprint that was trusted for this login.
    """

    name: str
    waiting: int
    has_login: bool = True
    same: Address | None = None


def way_of(queue: Queue, used: str | None, *, is_answered: bool) -> str:
    """Say what sends the entries; `used` is the name of the login in use, which `is_answered`."""
    user, _, address = queue.name.partition("@")
    server = quote(address)
    what = f"{queue.waiting} of {queue.name}"
    if queue.name == used:
        if is_answered:
            return f"{what}: type diaryclient outbox flush"
        return f"{what} go by themselves once what stands above is mended"
    if queue.same:
        new = quote(str(queue.same))
        return f"{what}: if that server is at {new} now, type diaryclient move {server} {new}"
    if queue.has_login:
        return f"{what}: type diaryclient --server {server} --user {user} outbox flush"
    return (
        f"{what}: there is no login to it; type diaryclient login {server} {user}, or if that "
        f"server has another address now, diaryclient move {server} NEW"
    )
