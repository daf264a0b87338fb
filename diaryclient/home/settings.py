"""Where the client keeps things (XDG), and what is set: by flags, the environment, `config.toml`.

    server = "diary.example.org:8888"   # which login is meant when several exist
    user = "alice"
    timezone = "Asia/Shanghai"          # for a machine that is elsewhere than its user
    date_order = "dmy"                  # what 05/03/2020 means

    [profile.work]                      # instead of these: --profile work, or DIARY_PROFILE=work
    server = "diary.work.example"

Rules: a flag wins over the environment, the environment over the person's file, that over the
machine's, and the newest login is meant when none of them says anything. A profile counts as if
its values stood beside its name: as flags, or as the environment; what it leaves open comes from
the next place. An unknown key, profile or a wrong value is a mistake and is named.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from protocol.address import Address
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Username

if TYPE_CHECKING:
    from diaryclient.typed.times.time_reading import DateOrder

_KEYS: Final = ("server", "user", "timezone", "date_order")


class Places(NamedTuple):
    """The client's folders: `state` holds secrets and waiting entries, `config` the settings.

    `system` are those of the machine's settings, the most important first.
    """

    state: Path
    config: Path
    system: tuple[Path, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Places":
        """Follow the XDG base directories; a relative one is ignored, as their rule is."""
        folders = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
        return cls(
            state=_base(environment, "XDG_STATE_HOME", ".local/state") / "diaryclient",
            config=_base(environment, "XDG_CONFIG_HOME", ".config") / "diaryclient",
            system=tuple(Path(each) / "diaryclient" for each in folders if each.startswith("/")),
        )

    @property
    def config_files(self) -> list[Path]:
        """Every place of a `config.toml`, the most important first; few of them exist."""
        return [folder / "config.toml" for folder in (self.config, *self.system)]


def _base(environment: Mapping[str, str], variable: str, default: str) -> Path:
    given = Path(environment.get(variable, ""))
    if given.is_absolute():
        return given
    home = environment.get("HOME")
    return (Path(home) if home else Path.home()) / default


class Choice(NamedTuple):
    """Which login is meant; None leaves it open."""

    server: Address | None = None
    user: Username | None = None


class Profile(NamedTuple):
    """What a `[profile.NAME]` says; an empty `timezone` leaves it open."""

    name: str
    choice: Choice
    timezone: str


class ConfigFile(NamedTuple):
    """A `config.toml` as it was read: its own values, and those of each profile."""

    path: Path
    values: Mapping[str, str]
    profiles: Mapping[str, Mapping[str, str]]


class ConfigFiles:
    """Every `config.toml` that counts, the most important first; read once, when it is needed."""

    def __init__(self, places: Places) -> None:
        """Nothing is read yet."""
        self.first = places.config_files[0]
        self._paths = places.config_files
        self._found: list[ConfigFile] | None = None

    def found(self) -> list[ConfigFile]:
        """Give those that there are; raise UsageError for their mistakes."""
        if self._found is None:
            self._found = [file for path in self._paths if (file := read_config(path))]
        return self._found


class _Source(NamedTuple):
    """Values that stand in one place; `origin` names the place of a key."""

    values: Mapping[str, str | None]
    origin: Callable[[str], str]


class Settings:
    """What is set, and by whom.

    `profile` is the name of the chosen profile, empty if there is none.
    """

    def __init__(
        self,
        flags: Mapping[str, str | None],
        environment: Mapping[str, str],
        config: ConfigFiles,
    ) -> None:
        """Put together what each place says.

        `flags` are `server`, `user`, `profile`, and `timezone`, which is `--tz`. Raise UsageError
        for a wrong file, and for a profile that no file has.
        """
        self._config = config.first
        self._files = config.found()
        variables = {key: environment.get(_variable(key)) for key in (*_KEYS, "profile")}
        typed, usual = flags.get("profile"), variables["profile"]
        self.profile = typed or usual or ""
        beside_flags = [self._source(typed, "--profile")] if typed else []
        beside_variables = [self._source(usual, "DIARY_PROFILE")] if usual and not typed else []
        self._typed = [_Source(flags, _option), *beside_flags]
        self._all = [
            *self._typed,
            _Source(variables, _variable),
            *beside_variables,
            *(_Source(file.values, f"{file.path}: ".__add__) for file in self._files),
        ]

    def choice(self) -> Choice:
        """Give the login that is meant; raise UsageError, which names the place of a mistake."""
        return _choice(self._all)

    def typed_choice(self) -> Choice:
        """Give the login that the command line alone names; raise as `choice`."""
        return _choice(self._typed)

    def server(self) -> tuple[str, Address | None]:
        """Give where the server's address comes from, and the address; raise as `choice`."""
        origin, text = _pick(self._all, "server")
        return origin, parse_server(text, origin) if text else None

    def timezone(self) -> tuple[str, str]:
        """Give where the zone's name comes from and the name, both empty for the machine's own."""
        return _pick(self._all, "timezone")

    def date_order(self) -> "DateOrder | None":
        """Give what a date with slashes means, None where nobody says; raise as `choice`."""
        origin, order = _pick(self._all, "date_order")
        if order not in {"dmy", "mdy", ""}:
            raise UsageError(f'{origin}: write "dmy" (day/month/year) or "mdy" (month/day/year)')
        return order or None  # type: ignore[return-value]  # one of the two

    def profiles(self) -> list[Profile]:
        """Give every profile, by name; raise as `choice`."""
        sources = {name: self._source(name, "") for name in self.profile_names}
        return [
            Profile(name, _choice([source]), _pick([source], "timezone")[1])
            for name, source in sources.items()
        ]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that say something, the most important first."""
        return tuple(file.path for file in self._files)

    @property
    def profile_names(self) -> list[str]:
        """The names of all profiles, in their order."""
        return sorted({name for file in self._files for name in file.profiles})

    def _source(self, name: str, origin: str) -> _Source:
        """Give a profile's values; of two with one name the more important file's counts."""
        for file in self._files:
            if name in file.profiles:
                place = f"{file.path}: profile.{name}."
                return _Source(file.profiles[name], place.__add__)
        known = f"there are {', '.join(self.profile_names)}"
        if not self.profile_names:
            known = f"there are none; write one into {self._config}, below [profile.{name}]"
        raise UsageError(f"{origin}: there is no profile {name}; {known}")


def read_config(path: Path) -> ConfigFile | None:
    """Give a file's settings, None if there is no such file; raise UsageError for its mistakes."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    from diaryclient.home.config_file import parse_config  # noqa: PLC0415 - most people have no such file

    return ConfigFile(path, *parse_config(data, str(path)))


def parse_server(text: str, origin: str) -> Address:
    """Read an address that a person gave; raise UsageError, which names `origin`."""
    try:
        address = Address.parse(text)
    except MalformedError as error:
        from diaryclient.home.address_words import meant_address  # noqa: PLC0415 - only after a mistake

        meant = meant_address(text)
        words = f"only host, host:port or [v6]:port; type {meant}" if meant else str(error)
        raise UsageError(f"{origin}: {words}") from None
    if address.port == 0:
        raise UsageError(f"{origin}: port 0 is no place to send to")
    return address


def parse_user(text: str, origin: str) -> Username:
    """Read a user name that a person gave; raise UsageError, which names `origin`."""
    try:
        return Username(text)
    except MalformedError as error:
        raise UsageError(f"{origin}: {error}") from None


def _choice(sources: Sequence[_Source]) -> Choice:
    origin, server = _pick(sources, "server")
    address = parse_server(server, origin) if server else None
    origin, user = _pick(sources, "user")
    return Choice(address, parse_user(user, origin) if user else None)


def _pick(sources: Sequence[_Source], key: str) -> tuple[str, str]:
    """Give the first value behind the name of its place, both empty if there is none."""
    given = ((source.origin(key), source.values.get(key)) for source in sources)
    return next(((origin, value) for origin, value in given if value), ("", ""))


def _option(key: str) -> str:
    return "--tz" if key == "timezone" else f"--{key}"


def _variable(key: str) -> str:
    return f"DIARY_{key.upper()}"
