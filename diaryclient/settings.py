"""Where the client keeps things (XDG), and the user's optional `config.toml`.

    server = "diary.example.org:8888"   # which login is meant when several exist
    user = "alice"
    timezone = "Asia/Shanghai"          # for a machine that is elsewhere than its user

Rules: a flag wins over the environment, the environment over this file, and the newest login is
meant when none of them says anything. An unknown key or a wrong value is a mistake and is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.address import Address
from protocol.errors import MalformedError, UsageError
from protocol.identifiers import Username

_KEYS: Final = ("server", "user", "timezone")
_OPTIONS: Final = {"timezone": "--tz"}
"""Options that have another name than their key."""


@dataclass(frozen=True, slots=True)
class Places:
    """The client's folders: `state` holds secrets and waiting entries, `config` the settings."""

    state: Path
    config: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Places":
        """Follow the XDG base directories; a relative one is ignored, as their rule is."""
        return cls(
            state=_base(environment, "XDG_STATE_HOME", ".local/state") / "diaryclient",
            config=_base(environment, "XDG_CONFIG_HOME", ".config") / "diaryclient",
        )


def _base(environment: Mapping[str, str], variable: str, default: str) -> Path:
    given = Path(environment.get(variable, ""))
    if given.is_absolute():
        return given
    home = environment.get("HOME")
    return (Path(home) if home else Path.home()) / default


@dataclass(frozen=True, slots=True)
class Choice:
    """Which login is meant; None leaves it open."""

    server: Address | None = None
    user: Username | None = None


def choose(flags: Mapping[str, str | None], environment: Mapping[str, str], config: Path) -> Choice:
    """Combine flags `server` and `user`, DIARY_SERVER and DIARY_USER, and `config`/config.toml.

    Raise UsageError, which names where the wrong value stands.
    """
    sources = _Sources(flags, environment, config / "config.toml")
    origin, server = sources.pick("server")
    chosen_server = parse_server(server, origin) if server else None
    origin, user = sources.pick("user")
    return Choice(chosen_server, parse_user(user, origin) if user else None)


def choose_timezone(
    flags: Mapping[str, str | None], environment: Mapping[str, str], config: Path
) -> tuple[str, str]:
    """Give where the zone's name comes from and the name, both empty for the machine's own zone.

    The flag `timezone` is `--tz`. Raise UsageError if config.toml is wrong.
    """
    return _Sources(flags, environment, config / "config.toml").pick("timezone")


class _Sources:
    """Where a setting may come from, the strongest first."""

    def __init__(
        self, flags: Mapping[str, str | None], environment: Mapping[str, str], path: Path
    ) -> None:
        self._flags = flags
        self._environment = environment
        self._path = path
        self._stored = _read(path)

    def pick(self, key: str) -> tuple[str, str]:
        """Give a setting behind the place where it stands, both empty if it stands nowhere."""
        variable = f"DIARY_{key.upper()}"
        sources = (
            (_OPTIONS.get(key, f"--{key}"), self._flags.get(key)),
            (variable, self._environment.get(variable)),
            (f"{self._path}: {key}", self._stored.get(key)),
        )
        return next(((origin, value) for origin, value in sources if value), ("", ""))


def parse_server(text: str, origin: str) -> Address:
    """Read an address that a person gave; raise UsageError, which names `origin`."""
    try:
        address = Address.parse(text)
    except MalformedError as error:
        raise UsageError(f"{origin}: {error}") from None
    if address.port == 0:
        raise UsageError(f"{origin}: port 0 is no place to send to")
    return address


def parse_user(text: str, origin: str) -> Username:
    """Read a user name that a person gave; raise UsageError, which names `origin`."""
    try:
        return Username(text)
    except MalformedError as error:
        raise UsageError(f"{origin}: {error}") from None


def _read(path: Path) -> dict[str, str]:
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    import tomllib  # noqa: PLC0415 - most people have no such file

    try:
        stored = tomllib.loads(data.decode())
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    mistakes = [f"{key}: there is no such key" for key in stored if key not in _KEYS]
    mistakes += [
        f"{key}: must be a text in quotes"
        for key in _KEYS
        if key in stored and not isinstance(stored[key], str)
    ]
    if mistakes:
        raise UsageError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return stored
