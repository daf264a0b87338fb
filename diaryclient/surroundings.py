"""What every command finds around it: flags, environment, folders, the clock, the terminal."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from diaryclient.clock import Clock
from diaryclient.diary.writer import Writer
from diaryclient.errors import DamagedLoginError, LoginFileError, NotKeptError
from diaryclient.home.leftovers import notes_below, sweep
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Outbox
from diaryclient.home.settings import Choice, ConfigFiles, Places, Settings
from diaryclient.screen.display import safe_line
from diaryclient.typed.machine_zone import is_known_zone
from protocol.errors import MalformedError, UsageError

if TYPE_CHECKING:
    from diaryclient.diary.open_diary import OpenDiary
    from diaryclient.typed.time_reader import TimeReader
    from diaryclient.typed.times.time_reading import DateOrder

COMPLETE_VARIABLE: Final = "_DIARYCLIENT_COMPLETE"
"""Set by the function that `diaryclient completion` gives a shell, to `bash_complete` or so."""


class Surroundings(NamedTuple):
    """Built once a process, by `of`; `flags` are as `Settings` takes them."""

    flags: Mapping[str, str | None]
    environment: Mapping[str, str]
    clock: Clock
    config: ConfigFiles

    @classmethod
    def of(
        cls, flags: Mapping[str, str | None], environment: Mapping[str, str], clock: Clock
    ) -> "Surroundings":
        """Give what is around a process that was started with these."""
        return cls(flags, environment, clock, ConfigFiles(Places.of(environment)))

    @property
    def places(self) -> Places:
        """The client's folders."""
        return Places.of(self.environment)

    @property
    def drafts(self) -> Path:
        """The folder of texts that were typed and not written."""
        return self.places.state / "drafts"

    @property
    def export_notes(self) -> Path:
        """The folder that remembers where exports are being written."""
        return notes_below(self.places.state)

    @property
    def settings(self) -> Settings:
        """What is set; raises UsageError."""
        return Settings(self.flags, self.environment, self.config)

    @property
    def logins(self) -> Logins:
        """All logins of this machine."""
        return Logins(self.places.state / "logins", self.places.state)

    def login(self) -> Login:
        """Give the login that is meant; raise UsageError, NotLoggedInError or LoginFileError.

        It is the token in DIARY_TOKEN, unless --server, --user or --profile names another one. A
        damaged file that may be meant is set aside, and named by the error.
        """
        try:
            return self.find_login()
        except DamagedLoginError as error:
            told = self.logins.set_damaged_aside(self.settings.choice())
            raise LoginFileError("\n".join(told) or str(error)) from None

    def find_login(self) -> Login:
        """Give the same, and set nothing aside."""
        settings = self.settings
        word = self.environment.get("DIARY_TOKEN")
        lent = self._lent(word) if word else None
        if lent and _is_wanted(lent, settings.typed_choice()):
            return lent
        return self.logins.choose(settings.choice())

    def login_again(self, login: Login) -> Login:
        """Give the same login as it is now: it may have been renewed, or somebody logged in again.

        Raise NotLoggedInError or LoginFileError.
        """
        if not login.is_stored:
            return login
        return self.logins.choose(Choice(server=login.address, user=login.user))

    def outbox(self, login: Login) -> Outbox:
        """Give the outbox of a login."""
        return Outbox(self.places.state / "outbox" / login.name)

    def writer(self, login: Login) -> Writer:
        """Open the diary of a login, only to write."""
        return Writer.open(login, self.logins, self.outbox(login), clock=self.zoned_clock())

    def diary(self, login: Login) -> "OpenDiary":
        """Open the diary of a login."""
        from diaryclient.diary.open_diary import OpenDiary  # noqa: PLC0415 - who only writes needs no reading

        return OpenDiary.open(login, self.logins, self.outbox(login), clock=self.zoned_clock())

    def check_disk(self) -> None:
        """Raise NotKeptError if no login could be kept or removed, before anything is asked for."""
        from diaryclient.files.disks import why_unwritable  # noqa: PLC0415 - only where a login begins or ends

        folder = self.places.state / "logins"
        if reason := why_unwritable(folder):
            raise NotKeptError(f"{folder} cannot be written: {reason}; nothing was sent")

    def in_zone(self, name: str | None) -> "Surroundings":
        """Give the same in the zone that `--tz` names; None leaves it to the settings."""
        return self._replace(flags={**self.flags, "timezone": name})

    def zoned_clock(self) -> Clock:
        """Give the clock in the zone of the settings, for all that people type and read."""
        origin, name = self.settings.timezone()
        if not name:
            return self._clock_of_machine()
        from diaryclient.typed.zones import in_zone  # noqa: PLC0415 - most machines are where people are

        return in_zone(self.clock, name, origin)

    def time_reader(self, diary: Writer) -> "TimeReader":
        """Give what reads the days and times that are typed now; a `OpenDiary` is a Writer too."""
        from diaryclient.typed.time_reader import TimeReader  # noqa: PLC0415 - most entries are of now

        return TimeReader(diary.now(), diary.offset_at, self.date_order)

    def date_order(self) -> "DateOrder | None":
        """Give what the settings say of dates with slashes; raise UsageError."""
        return self.settings.date_order()

    def _clock_of_machine(self) -> Clock:
        """Give the clock in the zone of TZ, which the C library takes for UTC if it knows none."""
        name = self.environment.get("TZ")
        if not name or is_known_zone(name, self.environment):
            return self.clock
        from diaryclient.typed.zones import in_zone  # noqa: PLC0415 - as above

        return in_zone(self.clock, name.removeprefix(":"), "TZ")

    def _lent(self, word: str) -> Login:
        from diaryclient.login.token_list import login_of  # noqa: PLC0415 - most people have no such variable
        from protocol.tokenword import parse_token  # noqa: PLC0415 - as above

        try:
            return login_of(parse_token(word.strip()), created=0, is_stored=False)
        except MalformedError as error:
            raise UsageError(f"DIARY_TOKEN: {error}") from None


def _is_wanted(login: Login, typed: Choice) -> bool:
    return typed.server in {None, login.address} and typed.user in {None, login.user}


def has_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def tell_of_leftovers(surroundings: Surroundings) -> None:
    """Sweep what killed processes left, and tell of it."""
    for words in sweep(surroundings.places.state):
        sys.stderr.write(f"diaryclient: {safe_line(words)}\n")
