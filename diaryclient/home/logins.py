"""The logins of this machine: one file for each user on each server, `alice@127.0.0.1:8888.json`.

Long, since choosing, changing and setting aside need the same lock and the same reading.

Rules: a file holds a token's secret, so only its owner may read it, and one that others can read is
refused. A damaged file that could be the one meant is an error, never skipped: a command sets it
aside and ends, so that nobody writes into another diary without a word. Logins live side by side;
the newest is meant unless a choice says otherwise. Who changes a file holds its lock, since a
process that renews a token and one that corrects a clock would else undo each other's work.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from diaryclient.errors import (
    DamagedLoginError,
    LoginFileError,
    NotLoggedInError,
    login_command,
)
from diaryclient.files.private_files import (
    hold_patiently,
    make_lock_file,
    make_private_folder,
    narrow,
    set_aside,
    sync_folder,
    write_private,
)
from diaryclient.home.settings import Choice
from protocol.address import Address
from protocol.envelope import KID_BYTES
from protocol.errors import MalformedError
from protocol.identifiers import MAX_MILLISECONDS, Username
from protocol.identity import parse_fingerprint
from protocol.keys import ROOT_BYTES
from protocol.messages.base import parse_scopes

_SUFFIX: Final = ".json"
_OTHERS: Final = 0o077
_SAVING_SECONDS: Final = 10.0
"""For another process that changes the same file: longer than a renewal may take."""

_MOST_BYTES: Final = 1 << 16
"""Of a file: a hundred times what a login needs."""

_ELSEWHERE: Final = "type diaryclient token create where you are logged in"


class Login(NamedTuple):
    """A token for a user on a server, and the server's pinned fingerprint.

    `expires` (0: never) and `created`, when somebody logged in (0: unknown), are ms since the
    epoch; `offset` is the server's clock minus this machine's in ms, 0 while they differ by less
    than the protocol allows. `line` is the kid of the token that this one was renewed from, at the
    beginning; empty if it was not. `label` is the token's name, empty if unknown; `fixed` says that
    it is never renewed, `is_stored` that it has a file here.
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
    line: bytes = b""
    label: str = ""
    fixed: bool = False
    is_stored: bool = True

    @property
    def name(self) -> str:
        """Give `alice@host:port`, the login's name for people and files."""
        return login_name(self.address, self.user)

    @property
    def id(self) -> bytes:
        """Give the 8 bytes under which the server lists the token, also after a renewal."""
        return self.line or self.kid

    @property
    def way_out(self) -> str:
        """Give what to type when the token is of no use any more."""
        if self.is_stored:
            return f"log in again: {login_command(self.address, self.user)}"
        return f"put another token into DIARY_TOKEN: {_ELSEWHERE}"

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Login({self.name})"


def login_name(address: Address, user: Username) -> str:
    """Give `alice@host:port`."""
    return f"{user}@{address}"


class HeldLogin:
    """The login of one user and server, which no other process changes meanwhile."""

    def __init__(self, path: Path) -> None:
        """Change the file at `path`, whose lock is held."""
        self._path = path

    @property
    def current(self) -> Login | None:
        """What the file holds, None if there is none; raises LoginFileError."""
        return _read(self._path) if self._path.exists() else None

    def save(self, login: Login) -> None:
        """Replace the file durably; raise OSError with the old content intact."""
        write_private(self._path, _encode(login))

    def remove(self) -> None:
        """Remove the file durably."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)


class Logins:
    """The folder of login files; every method reads it anew, since other processes write it too."""

    def __init__(self, folder: Path, above: Path | None = None) -> None:
        """Use `folder`, which need not exist yet.

        `above` is the client's own folder around it: who may write there may exchange the other.
        """
        self._folder = folder
        self._above = above

    def save(self, login: Login) -> None:
        """Keep a login, durably, in place of an earlier one of the same user and server."""
        with self.hold(login.name, _SAVING_SECONDS) as held:
            held.save(login)

    @contextmanager
    def hold(self, name: str, seconds: float = 0.0) -> Iterator[HeldLogin]:
        """Be the one process that changes the login called `name` (`Login.name`).

        Raise BlockingIOError if another one still is after so many seconds, OSError if the folder
        cannot be written.
        """
        lock = self._folder / f".{name}.lock"
        make_private_folder(self._folder)
        for folder in (self._above, self._folder):
            if folder:
                narrow(folder)
        make_lock_file(lock)
        descriptor = hold_patiently(lock, seconds)
        try:
            yield HeldLogin(self.path(name))
        finally:
            os.close(descriptor)

    def current(self, name: str) -> Login | None:
        """Give the login called `name` (`Login.name`); None if there is none; LoginFileError."""
        path = self.path(name)
        return _read(path) if path.exists() else None

    def remember_offset(self, login: Login, offset: int) -> None:
        """Store a new clock offset, unless a newer login has taken this one's place meanwhile."""
        if not login.is_stored:
            return
        with self.hold(login.name) as held:
            stored = held.current
            if stored and stored.kid == login.kid:
                held.save(stored._replace(offset=offset))

    def choose(self, choice: Choice) -> Login:
        """Give the newest login that fits; raise NotLoggedInError with what there is instead."""
        fitting = self.all(choice)
        if not fitting:
            raise NotLoggedInError(self._why_none(choice))
        return max(fitting, key=lambda login: (login.created, login.name))

    def all(self, choice: Choice) -> list[Login]:
        """Give every login that fits; raise LoginFileError."""
        return [_read(path) for path in self._paths() if _fits(path, choice)]

    def set_damaged_aside(self, choice: Choice) -> list[str]:
        """Rename damaged files that `choice` could mean, and give what to tell of each."""
        fitting = [path for path in self._paths() if _fits(path, choice)]
        return [
            f"{_set_aside(path)}; log in again: {_command(path)}"
            for path in fitting
            if _is_damaged(path)
        ]

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

    def path(self, name: str) -> Path:
        """Give the file of the login called `name` (`Login.name`)."""
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


def _command(path: Path) -> str:
    """Give the command that logs in as a file's name says."""
    user, _, server = path.name.removesuffix(_SUFFIX).partition("@")
    try:
        return login_command(Address.parse(server), Username(user))
    except MalformedError:
        return "diaryclient login HOST USER"


def _set_aside(path: Path) -> str:
    try:
        return f"{path} is damaged; it is set aside as {set_aside(path).name}"
    except OSError as error:
        return f"{path} is damaged; it cannot be set aside: {error.strerror}"


def _is_damaged(path: Path) -> bool:
    try:
        _read(path)
    except DamagedLoginError:
        return True
    except LoginFileError:
        return False
    return False


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
        "line": login.line.hex(),
        "label": login.label,
        "fixed": login.fixed,
    }
    return json.dumps(values, indent=2).encode() + b"\n"


def _read(path: Path) -> Login:
    try:
        with path.open("rb") as file:
            if path.stat().st_mode & _OTHERS:
                raise LoginFileError(
                    f"other people can read {path}; if nobody has copied it, type: chmod 600 {path}"
                )
            login = _decode(json.loads(file.read(_MOST_BYTES)))
    except IsADirectoryError:
        raise DamagedLoginError(f"{path} is a folder; log in again: {_command(path)}") from None
    except OSError as error:
        raise LoginFileError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, RecursionError, MalformedError):
        raise DamagedLoginError(f"{path} is damaged; log in again: {_command(path)}") from None
    if path.name != f"{login.name}{_SUFFIX}":
        raise LoginFileError(f"{path} is of {login.name}; rename or remove it")
    return login


def _decode(values: dict[str, object]) -> Login:
    kid, root = bytes.fromhex(_text(values, "kid")), bytes.fromhex(_text(values, "root"))
    if len(kid) != KID_BYTES or len(root) != ROOT_BYTES:
        raise ValueError("a key has another length")
    values = {"line": "", "label": "", "fixed": False} | values  # the first version had none
    line = bytes.fromhex(_text(values, "line"))
    if len(line) not in {0, KID_BYTES} or type(values["fixed"]) is not bool:
        raise ValueError("another length, or no truth value")
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
        line=line,
        label=_text(values, "label"),
        fixed=values["fixed"],
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
