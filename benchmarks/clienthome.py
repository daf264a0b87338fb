"""A home in which `diaryclient` is logged in as one of a town's people."""

from pathlib import Path

from benchmarks.population import Person
from benchmarks.town import Town
from diaryclient.home.logins import Login, Logins
from diaryserver.accounts.keyfiles import open_keys
from diaryserver.clock import SystemClock
from protocol.address import Address
from protocol.identity import fingerprint
from tests.programs import Home


def home_of(folder: Path, town: Town, person: Person, port: int | None = None) -> Home:
    """Make a home in `folder`; with `port`, its server is what listens there in between."""
    home = Home(folder)
    login = Login(
        address=Address("127.0.0.1", town.server.port if port is None else port),
        user=person.name,
        kid=person.keys.kid,
        root=person.root,
        fingerprint=_fingerprint(town),
        scopes="full",
        expires=0,
        created=SystemClock().now(),
    )
    Logins(folder / "state" / "diaryclient" / "logins").save(login)
    return home


def _fingerprint(town: Town) -> str:
    keys = open_keys(town.server.data / "keys", bytes, first_start=False)
    return fingerprint(keys.public_identity())
