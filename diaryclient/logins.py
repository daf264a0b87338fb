"""The logins of this machine: one file for each user on each server, `alice@127.0.0.1:8888.json`.

Rules: a file holds a token's secret, so only its owner may read it, and one that others can read is
refused. A damaged file that could be the one meant is an error, never skipped. Logins live side by
side; the newest is meant unless a choice says otherwise.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from diaryclient.errors import LoginFileError, NotLoggedInError, login_command
from diaryclient.private_files import write_private
from diaryclient.settings import Choice
from protocol.address import Address
from protocol.envelope import KID_BYTES
from protocol.errors import MalformedError
from protocol.identifiers import MAX_MILLISECONDS, Username
from protocol.identity import parse_fingerprint
from protocol.keys import ROOT_BYTES
from protocol.messages import parse_scopes

_SUFFIX: Final = ".json"
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Login:
    """A token for a user on a server, and the server's pinned fingerprint.

    `expires` (0: never) and `created` are ms since the epoch; `offset` is the server's clock minus
    this machine's in ms, 0 while they differ by less than the protocol allows.
    """

    address: Address
    user: Username
    kid: bytes
    root: bytes
    fingerprint: str
    scopes: str
    expires: int
    created: int
    offset: int = 0

    @property
    def name(self) -> str:
        """Give `alice@host:port`, the login's name for people and files."""
        return f"{self.user}@{self.address}"

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Login({self.name})"


class Logins:
    """The folder of login files; every method reads it anew, since other processes write it too."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which need not exist yet."""
        self._folder = folder

    def save(self, login: Login) -> None:
        """Keep a login, durably, in place of an earlier one of the same user and server."""
        write_private(self._path(login.name), _encode(login))

    def remember_offset(self, login: Login, offset: int) -> None:
        """Store a new clock offset, unless a newer login has taken this one's place meanwhile."""
        path = self._path(login.name)
        if path.exists() and _read(path).kid == login.kid:
            self.save(replace(login, offset=offset))

    def choose(self, choice: Choice) -> Login:
        """Give the newest login that fits; raise NotLoggedInError with what there is instead."""
        fitting = [_read(path) for path in self._paths() if _fits(path, choice)]
        if not fitting:
            raise NotLoggedInError(self._why_none(choice))
        return max(fitting, key=lambda login: (login.created, login.name))

    def pinned(self, address: Address) -> str | None:
        """Give the fingerprint trusted for a server, by its newest login; None at first contact."""
        try:
            return self.choose(Choice(server=address)).fingerprint
        except LoginFileError:
            raise
        except NotLoggedInError:
            return None

    def _paths(self) -> Iterator[Path]:
        if self._folder.is_dir():
            yield from sorted(self._folder.glob(f"*@*{_SUFFIX}"))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _why_none(self, choice: Choice) -> str:
        names = [path.name.removesuffix(_SUFFIX) for path in self._paths()]
        if not names:
            command = "diaryclient login HOST USER"
            if choice.server and choice.user:
                command = login_command(choice.server, choice.user)
            return f"there is no login yet; type: {command}"
        wanted = f"{choice.user or 'any user'}@{choice.server or 'any server'}"
        return (
            f"there is no login for {wanted}, only for {', '.join(names)}; "
            "choose with --server and --user, or log in: diaryclient login HOST USER"
        )


def _fits(path: Path, choice: Choice) -> bool:
    user, _, server = path.name.removesuffix(_SUFFIX).partition("@")
    return choice.user in {None, user} and (choice.server is None or str(choice.server) == server)


def _encode(login: Login) -> bytes:
    values = {
        "server": str(login.address),
        "user": login.user,
        "kid": login.kid.hex(),
        "root": login.root.hex(),
        "fingerprint": login.fingerprint,
        "scopes": login.scopes,
        "expires": login.expires,
        "created": login.created,
        "offset": login.offset,
    }
    return json.dumps(values, indent=2).encode() + b"\n"


def _read(path: Path) -> Login:
    try:
        with path.open("rb") as file:
            if path.stat().st_mode & _OTHERS:
                raise LoginFileError(
                    f"other people can read {path}; if nobody has copied it, type: chmod 600 {path}"
                )
            login = _decode(json.loads(file.read()))
    except OSError as error:
        raise LoginFileError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, MalformedError):
        raise LoginFileError(f"{path} is damaged; remove it and log in again") from None
    if path.name != f"{login.name}{_SUFFIX}":
        raise LoginFileError(f"{path} is of {login.name}; rename or remove it")
    return login


def _decode(values: dict[str, object]) -> Login:
    kid, root = bytes.fromhex(_text(values, "kid")), bytes.fromhex(_text(values, "root"))
    if len(kid) != KID_BYTES or len(root) != ROOT_BYTES:
        raise ValueError("a key has another length")
    return Login(
        address=Address.parse(_text(values, "server")),
        user=Username(_text(values, "user")),
        kid=kid,
        root=root,
        fingerprint=parse_fingerprint(_text(values, "fingerprint")),
        scopes=parse_scopes(_text(values, "scopes")),
        expires=_whole(values, "expires"),
        created=_whole(values, "created"),
        offset=_whole(values, "offset"),
    )


def _text(values: dict[str, object], key: str) -> str:
    value = values[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value


def _whole(values: dict[str, object], key: str) -> int:
    value = values[key]
    if type(value) is not int or abs(value) > MAX_MILLISECONDS:
        raise TypeError(key)
    return value
