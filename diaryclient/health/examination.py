"""Looks at files, names, the server and the token, for `diaryclient.health.diagnosis`.

Rules: changes nothing, here or on the server, but for a file that is written and removed; nothing
signed goes to a server that is not the one trusted. Bounded in time by what it asks the network:
one look-up, one HELLO, one ping.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from diaryclient.asking.exchange import Chance
from diaryclient.asking.handshake import Greeting, check_terms
from diaryclient.asking.link import open_session, resolve
from diaryclient.asking.session import Session
from diaryclient.clock import Clock
from diaryclient.diary.open_diary import OpenDiary, Pong
from diaryclient.files.disks import why_unwritable
from diaryclient.health.diagnosis import Greeted, Kept, Observations
from diaryclient.health.exposure import find_exposed
from diaryclient.health.wording import format_life
from diaryclient.home.logins import Login
from diaryclient.home.outbox import outboxes_below
from diaryclient.home.settings import Places, Settings, read_config
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
    config = _tried(lambda: _config(places, settings(), zoned_clock))
    exposed = find_exposed(places)
    kept = count_kept(places.state)
    found = config if isinstance(config, DiaryError) else _tried(login)
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


def count_kept(state: Path) -> Kept:
    """Count what all outboxes and the drafts below the client's folder hold."""
    waiting, refused, damaged = 0, 0, list[Path]()
    for outbox in outboxes_below(state / "outbox"):
        for entry in outbox.entries():
            waiting, refused = waiting + (not entry.refused), refused + bool(entry.refused)
        damaged += outbox.damaged()
    return Kept(waiting, refused, tuple(damaged), tuple(sorted(_drafts(state / "drafts"))))


def _drafts(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        yield from (each for each in folder.iterdir() if not each.name.startswith("."))


def _config(
    places: Places, settings: Settings, zoned_clock: Callable[[], Clock]
) -> tuple[Path, ...]:
    settings.choice()
    settings.date_order()
    clock = zoned_clock()
    for profile in settings.profiles():
        if profile.timezone:
            in_zone(clock, profile.timezone, f"profile.{profile.name}.timezone")
    return tuple(path for path in places.config_files if read_config(path))


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
