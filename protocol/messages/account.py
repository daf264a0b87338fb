"""Messages on who somebody is: the forms that LOGIN seals, tokens, identity."""

from dataclasses import dataclass, field
from typing import Annotated

from protocol.envelope import KID_BYTES
from protocol.fields import Octets, Parsed, Text, Whole
from protocol.identifiers import Username
from protocol.keys import ROOT_BYTES
from protocol.messages.base import Message, Moment, Reply, Request, ScopesField


@dataclass(frozen=True, slots=True)
class Whoami(Request):
    """Ask whom the token stands for."""


@dataclass(frozen=True, slots=True)
class Ping(Request):
    """Ask whether the server answers; it tells the same as Whoami."""


@dataclass(frozen=True, slots=True)
class Identity(Reply):
    """The token's user and scopes, its expiry in ms since the epoch (0: never), server time."""

    user: Annotated[Username, Parsed(Username)]
    scopes: ScopesField
    expires: Moment
    time: Moment


@dataclass(frozen=True, slots=True)
class LoginForm(Message):
    """What LOGIN seals: a user, one credential, and what the token shall be.

    `invite` is empty for a login by password; with an invite, `password` is the new one. `key` is
    the fresh reply key, `lifetime` in ms (0: never ends), `lowest` and `highest` the versions.
    """

    user: Annotated[Username, Parsed(Username)]
    password: Annotated[str, Text(1, 256)] = field(repr=False)
    invite: Annotated[bytes, Octets(0, 16)] = field(repr=False)
    key: Annotated[bytes, Octets(ROOT_BYTES, ROOT_BYTES)] = field(repr=False)
    label: Annotated[str, Text(1, 64)]
    scopes: ScopesField
    lifetime: Moment
    lowest: Annotated[int, Whole(1, 15)]
    highest: Annotated[int, Whole(1, 15)]


@dataclass(frozen=True, slots=True)
class Grant(Reply):
    """A token: its id and 32-byte root, its expiry (0: never), its scopes, the server's time.

    `lowest` is the lowest version that the server will ever speak to this token.
    """

    kid: Annotated[bytes, Octets(KID_BYTES, KID_BYTES)]
    root: Annotated[bytes, Octets(ROOT_BYTES, ROOT_BYTES)] = field(repr=False)
    expires: Moment
    scopes: ScopesField
    lowest: Annotated[int, Whole(1, 15)]
    time: Moment
