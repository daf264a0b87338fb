"""Looks at files, names, the server and the token, for `diaryclient.health.diagnosis`.

Rules: changes nothing, here or on the server; nothing signed goes to a server that is not the one
trusted. Bounded in time by what it asks the network: one look-up, one HELLO, one ping.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from diaryclient.clock import Clock
from diaryclient.diary import Diary, Pong
from diaryclient.exchange import Chance
from diaryclient.handshake import Greeting, check_terms
from diaryclient.health.diagnosis import Greeted, Kept, Observations
from diaryclient.health.words import format_life
from diaryclient.link import open_session, resolve
from diaryclient.logins import Login
from diaryclient.outbox import outboxes_below
from diaryclient.session import Session
from diaryclient.settings import Places, Settings, read_config
from protocol.address import Address
from protocol.errors import DiaryError
from protocol.identifiers import EntryId
from protocol.identity import fingerprint

_MOST_FILES: Final = 20_000
"""Files looked at; more entries than anybody keeps waiting."""

_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022

_Seen = TypeVar("_Seen")


def examine(
    places: Places,
    settings: Callable[[], Settings],
    login: Callable[[], Login],
    diary: Callable[[Login], Diary],
    zoned_clock: Callable[[], Clock],
) -> Observations:
    """Look at everything; `settings`, `login` and `zoned_clock` raise what is wrong with them."""
    config = _tried(lambda: _config(places, settings(), zoned_clock))
    exposed = tuple(exposed_files(places))
    kept = count_kept(places.state / "outbox")
    found = config if isinstance(config, DiaryError) else _tried(login)
    if isinstance(found, DiaryError):
        return Observations(config, found, exposed=exposed, state=places.state, kept=kept)
    clock = zoned_clock()
    addresses = _tried(lambda: _addresses(found.address))
    greeted = pong = None
    if not isinstance(addresses, DiaryError):
        greeted = _tried(lambda: greet(found.address, clock, os.urandom))
    if isinstance(greeted, Greeted) and greeted.fingerprint == found.fingerprint:
        pong = _tried(lambda: _ping(diary(found)))
    life = format_life(pong.identity.expires if isinstance(pong, Pong) else found.expires, clock)
    return Observations(config, found, addresses, greeted, pong, life, exposed, places.state, kept)


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


def exposed_files(places: Places) -> Iterator[Path]:
    """Give private files that are of another user, or that others may read; settings: write."""
    for path in islice(_below(places.state), _MOST_FILES):
        if _is_exposed(path, _OTHERS):
            yield path
    mine = places.config_files[0]
    if _is_exposed(mine, _OTHERS_WRITE):
        yield mine


def count_kept(folder: Path) -> Kept:
    """Count what all outboxes below a folder hold."""
    waiting, refused, damaged = 0, 0, list[Path]()
    for outbox in outboxes_below(folder):
        for entry in outbox.entries():
            waiting, refused = waiting + (not entry.refused), refused + bool(entry.refused)
        damaged += outbox.damaged()
    return Kept(waiting, refused, tuple(damaged))


def _below(folder: Path) -> Iterator[Path]:
    unreadable = list[Path]()

    def note(error: OSError) -> None:
        unreadable.append(Path(error.filename))

    for place, _, names in os.walk(folder, onerror=note):
        yield from (Path(place) / name for name in names)
    # A folder that cannot be looked into is of another user.
    yield from (path for path in unreadable if path.exists())


def _is_exposed(path: Path, forbidden: int) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False  # sent meanwhile, or never there
    return bool(status.st_mode & forbidden) or status.st_uid != os.geteuid()


def _config(
    places: Places, settings: Settings, zoned_clock: Callable[[], Clock]
) -> tuple[Path, ...]:
    settings.choice()
    settings.profiles()
    zoned_clock()
    return tuple(path for path in places.config_files if read_config(path))


def _addresses(address: Address) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(place[0]) for _, place in resolve(address)))


def _ping(diary: Diary) -> Pong:
    with diary:
        return diary.ping()


def _tried(look: Callable[[], _Seen]) -> _Seen | DiaryError:
    try:
        return look()
    except DiaryError as error:
        return error
