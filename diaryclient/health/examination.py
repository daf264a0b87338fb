"""Looks at files, names, the server and the token, for `diaryclient.health.diagnosis`.

Rules: changes nothing, here or on the server, but for a file that is written and removed; nothing
signed goes to a server that is not the one trusted. Bounded in time by what it asks the network:
one look-up, one HELLO, one ping.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from diaryclient.asking.exchange import Chance
from diaryclient.asking.handshake import Greeting, check_terms
from diaryclient.asking.link import open_session, resolve
from diaryclient.asking.session import Session
from diaryclient.clock import Clock
from diaryclient.diary.open_diary import OpenDiary, Pong
from diaryclient.errors import LoginFileError
from diaryclient.files.disks import why_unwritable
from diaryclient.health.diagnosis import Greeted, Kept, Observations
from diaryclient.health.exposure import find_exposed
from diaryclient.health.queues import Queue
from diaryclient.health.wording import format_life
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import outboxes_below
from diaryclient.home.settings import Choice, Places, Settings
from diaryclient.typed.zones import in_zone
from protocol.address import Address
from protocol.errors import DiaryError
from protocol.identifiers import EntryId
from protocol.identity import fingerprint

_Seen = TypeVar("_Seen")


def examine(
    places: Places,
    settings: Callable[[], Settings],
    login: Callable[[], Login],
    diary: Callable[[Login], OpenDiary],
    zoned_clock: Callable[[], Clock],
) -> Observations:
    """Look at everything; `settings`, `login` and `zoned_clock` raise what is wrong with them."""
    config = _tried(lambda: _config(settings(), zoned_clock))
    exposed = find_exposed(places)
    found = config if isinstance(config, DiaryError) else _tried(login)
    kept = count_kept(places.state, None if isinstance(found, DiaryError) else found)
    unwritable = _unwritable(places.state, found)
    if isinstance(found, DiaryError):
        return Observations(config, found, exposed=exposed, kept=kept, unwritable=unwritable)
    clock = zoned_clock()
    addresses = _tried(lambda: _addresses(found.address))
    greeted = pong = None
    if not isinstance(addresses, DiaryError):
        greeted = _tried(lambda: greet(found.address, clock, os.urandom))
    if isinstance(greeted, Greeted) and greeted.fingerprint == found.fingerprint:
        pong = _tried(lambda: _ping(diary(found)))
    life = format_life(pong.identity.expires if isinstance(pong, Pong) else found.expires, clock)
    return Observations(config, found, addresses, greeted, pong, life, exposed, kept, unwritable)


def _unwritable(state: Path, login: Login | DiaryError) -> str:
    """Try a write where logins are kept, and where this one's entries are."""
    folders = [state / "logins", state / "drafts", state / "outbox"]
    if isinstance(login, Login):
        folders.append(state / "outbox" / login.name)
    found = ((folder, why_unwritable(folder)) for folder in folders)
    return next((f"{folder}: {why}" for folder, why in found if why), "")


def greet(address: Address, clock: Clock, chance: Chance) -> Greeted:
    """Say HELLO; raise UnknownHostError or UnreachableError."""
    session = open_session(address, clock, chance)
    try:
        return _greet(session, address, clock, chance)
    finally:
        session.close()


def _greet(session: Session, address: Address, clock: Clock, chance: Chance) -> Greeted:
    began = clock.instant()
    rid = EntryId.make(began.wall, chance(10))
    greeting = Greeting(address, rid, session.round_trip, chance, began.monotonic)
    for _ in session.run([greeting]):
        pass
    offer = greeting.result()
    now = clock.instant()
    objection = _tried(lambda: check_terms(offer, now.wall, address))
    return Greeted(
        fingerprint(offer.statement.identity), (now.monotonic - began.monotonic) * 1000, objection
    )


def count_kept(state: Path, used: Login | None) -> Kept:
    """Count what all outboxes and the drafts hold; `used` is the login in use, if there is one."""
    refused, damaged, queues = 0, list[Path](), list[Queue]()
    logins = _known_logins(state)
    for outbox in outboxes_below(state / "outbox"):
        kept = list(outbox.entries())
        waiting = sum(not entry.refused for entry in kept)
        refused += len(kept) - waiting
        damaged += outbox.damaged()
        if waiting:
            queues.append(_queue(outbox.folder.name, waiting, logins, used))
    total = sum(queue.waiting for queue in queues)
    drafts = tuple(sorted(_drafts(state / "drafts")))
    return Kept(total, refused, tuple(damaged), drafts, tuple(queues))


def _known_logins(state: Path) -> dict[str, Login]:
    with suppress(LoginFileError):  # told of by its own check
        return {login.name: login for login in Logins(state / "logins").all(Choice())}
    return {}


def _queue(name: str, waiting: int, logins: Mapping[str, Login], used: Login | None) -> Queue:
    login = logins.get(name)
    is_same = used and login and login.name != used.name and login.fingerprint == used.fingerprint
    is_elsewhere = is_same and used and login and login.address != used.address
    return Queue(name, waiting, login is not None, used.address if used and is_elsewhere else None)


def _drafts(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        yield from (each for each in folder.iterdir() if not each.name.startswith("."))


def _config(settings: Settings, zoned_clock: Callable[[], Clock]) -> tuple[Path, ...]:
    settings.choice()
    settings.date_order()
    clock = zoned_clock()
    for profile in settings.profiles():
        if profile.timezone:
            in_zone(clock, profile.timezone, f"profile.{profile.name}.timezone")
    return settings.paths


def _addresses(address: Address) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(place[0]) for _, place in resolve(address)))


def _ping(diary: OpenDiary) -> Pong:
    with diary:
        return diary.ping()


def _tried(look: Callable[[], _Seen]) -> _Seen | DiaryError:
    try:
        return look()
    except DiaryError as error:
        return error
