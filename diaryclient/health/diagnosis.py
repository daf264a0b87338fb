"""What observations mean and what is to be done: the core of `diaryclient doctor`. Pure.

Long, a short function for each check.

Rules: the findings stand in the order in which one thing causes the next, so the first that is not
well is the one to mend first, and the exit status of the whole is its. What could not be looked at
is said to be unknown, never well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from typing import Final

from diaryclient.diary.open_diary import Pong
from diaryclient.errors import (
    ClocksDifferError,
    NobodyListensError,
    NotLoggedInError,
    QueuedError,
    SilentServerError,
    UnreachableError,
    login_command,
)
from diaryclient.health.openness import MOST_PATHS, Exposed, format_paths, what_is_open
from diaryclient.health.queues import Queue, way_of
from diaryclient.health.wording import format_ahead
from diaryclient.home.logins import Login
from protocol.errors import DiaryError, QuotaError

_WRONG_CLOCK: Final = 30_000
"""Ms between the clocks from which the minute that an entry shows is more often wrong than not."""


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, what to type; `status` is the exit status it asks.

    `advice` is empty and `status` 0 where nothing is to be done.
    """

    check: str
    state: State
    words: str
    advice: str = ""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Greeted:
    """What a server says to anybody: its fingerprint, after so many ms.

    `objection` is why nobody could log in to it, such as clocks that differ too much.
    """

    fingerprint: str
    milliseconds: float
    objection: DiaryError | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How many entries all outboxes hold, files there that are damaged, and texts in drafts.

    `queues` are the outboxes that have entries to be sent.
    """

    waiting: int = 0
    refused: int = 0
    damaged: tuple[Path, ...] = ()
    drafts: tuple[Path, ...] = ()
    queues: tuple[Queue, ...] = ()


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen: a result, the error instead of it, or None where it could not be tried.

    `config` are the files there are, `addresses` those of the server's name, `life` says how long
    the login lasts; `unwritable` is why nothing can be kept here, empty if it can.
    """

    config: tuple[Path, ...] | DiaryError
    login: Login | DiaryError
    addresses: tuple[str, ...] | DiaryError | None = None
    greeted: Greeted | DiaryError | None = None
    pong: Pong | DiaryError | None = None
    life: str = ""
    exposed: Exposed = field(default_factory=Exposed)
    kept: Kept = Kept()
    unwritable: str = ""


def diagnose(observed: Observations) -> list[Finding]:
    """Give a finding for each check, the causes first."""
    return [check(observed) for check in _CHECKS]


def exit_status(findings: Sequence[Finding]) -> int:
    """Give the status of the first finding that is a problem, 0 if all is well."""
    return next((each.status for each in findings if each.state is State.PROBLEM), 0)


def _well(check: str, words: str) -> Finding:
    return Finding(check, State.OK, words)


def _ill(check: str, words: str | DiaryError, advice: str, status: int = 1) -> Finding:
    shown = status if isinstance(words, str) else words.exit_status
    return Finding(check, State.PROBLEM, str(words), advice, shown)


def _unknown(check: str, why: str) -> Finding:
    return Finding(check, State.UNKNOWN, f"not looked at: {why}")


def _config(observed: Observations) -> Finding:
    if isinstance(observed.config, DiaryError):
        return _ill("config", observed.config, "mend it; docs/CLIENT.md describes the file")
    files = ", ".join(map(str, observed.config))
    return _well("config", files or "no config.toml, which is fine")


def _login(observed: Observations) -> Finding:
    if not isinstance(observed.login, DiaryError):
        return _well("login", observed.login.name)
    if isinstance(observed.config, DiaryError):
        return _unknown("login", "the configuration is wrong")
    return _ill("login", observed.login, "")  # its message says what to type


def _name(observed: Observations) -> Finding:
    if isinstance(observed.addresses, DiaryError):
        return _ill(
            "name",
            observed.addresses,
            f"check this machine's network; {_if_moved(observed)}",
        )
    if observed.addresses is None:
        return _unknown("name", "there is no login")
    return _well("name", ", ".join(observed.addresses))


def _server(observed: Observations) -> Finding:
    match observed.greeted:
        case None:
            return _unknown("server", "it has no address")
        case Greeted() as greeted:
            return _well("server", f"answers in {greeted.milliseconds:.1f} ms")
        case NobodyListensError() as error:
            return _ill("server", error, f"start the server; {_if_moved(observed)}")
        case SilentServerError() as error:
            return _ill("server", error, _way_around(observed))
        case error:
            return _ill("server", error, "check this machine's network")


def _way_around(observed: Observations) -> str:
    """Say what else there is where UDP does not pass."""
    if isinstance(observed.login, DiaryError):
        return ""
    address = observed.login.address
    if _is_loopback(address.host):
        return "check the firewall of this machine, and whether the server is busy or stopped"
    return (
        f"the machine is off, or UDP port {address.port} is blocked, as in many offices and hotels;"
        f" entries wait in the outbox meanwhile; if ssh passes, type: ssh -t {address.host} "
        f"diaryclient; {_if_moved(observed)}"
    )


def _if_moved(observed: Observations) -> str:
    """Say how to follow a server; a token from the environment names its own address."""
    login = observed.login
    if isinstance(login, DiaryError) or not login.is_stored:
        return "if it has another address now, ask for a token with that"
    return f"if it has another address now, type: diaryclient move {quote(str(login.address))} NEW"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _identity(observed: Observations) -> Finding:
    if not isinstance(observed.greeted, Greeted) or isinstance(observed.login, DiaryError):
        return _unknown("identity", "the server did not answer")
    shown, login = observed.greeted.fingerprint, observed.login
    if shown == login.fingerprint:
        return _well("identity", f"{shown}, as before")
    return _ill(
        "identity",
        f"{login.address} shows {shown}, not the trusted {login.fingerprint}: another machine may "
        "pretend to be it",
        f"ask its operator; if the new one is right, {_trust_it(login, shown)}",
        status=3,
    )


def _trust_it(login: Login, shown: str) -> str:
    if not login.is_stored:
        return login.way_out
    return f"type: {login_command(login.address, login.user)} --fingerprint {shown}"


def _token(observed: Observations) -> Finding:
    match observed.pong:
        case None:
            return _unknown("token", "the server did not answer, or is not the one it was")
        case Pong():
            return _well("token", f"{observed.pong.identity.scopes}, {observed.life}")
        case UnreachableError() | QuotaError() as error:
            return _ill("token", error, "try again")
        case error:
            # Its message says what to type.
            return _ill("token", error, "" if _names_a_way(error) else "try again")


def _names_a_way(error: DiaryError) -> bool:
    return isinstance(error, NotLoggedInError) or error.exit_status == NotLoggedInError.exit_status


def _clock(observed: Observations) -> Finding:
    if isinstance(observed.pong, Pong):
        ahead = observed.pong.ahead
        words = f"the server's {format_ahead(ahead)}"
        if abs(ahead) < _WRONG_CLOCK:
            return _well("clock", words)
        return _ill("clock", words, _SET_CLOCK, ClocksDifferError.exit_status)
    if not isinstance(observed.greeted, Greeted):
        return _unknown("clock", "the server did not answer")
    objection = observed.greeted.objection
    if objection is None:
        return _well("clock", "near enough to the server's to log in")
    is_clock = isinstance(objection, ClocksDifferError)
    return _ill("clock", objection, _SET_CLOCK if is_clock else "take the newer program on both")


_SET_CLOCK: Final = "set the wrong one of the two; on Linux: timedatectl set-ntp true"


def _files(observed: Observations) -> Finding:
    words, advice = what_is_open(observed.exposed)
    if words:
        return _ill("files", words, advice)
    return _well("files", "only you can read and change them, and the folders above")


def _disk(observed: Observations) -> Finding:
    if not observed.unwritable:
        return _well("disk", "takes what is to be kept")
    return _ill(
        "disk",
        f"nothing can be kept here: {observed.unwritable}",
        "mend that; until then diaryclient write --no-keep sends a text without keeping it",
    )


def _drafts(observed: Observations) -> Finding:
    drafts = observed.kept.drafts
    if not drafts:
        return _well("drafts", "none")
    return _well("drafts", f"texts that were not written, {len(drafts)}: {format_paths(drafts)}")


def _outbox(observed: Observations) -> Finding:
    kept = observed.kept
    words = f"{kept.waiting} waiting, {kept.refused} refused"
    if kept.damaged:
        named = format_paths(kept.damaged)
        return _ill(
            "outbox", f"{words}, damaged: {named}", "save what is in them, then remove them"
        )
    if kept.refused:
        return _ill("outbox", words, "see why: diaryclient outbox list", _REFUSED)
    if kept.waiting:
        return _ill("outbox", words, _ways_of(observed), QueuedError.exit_status)
    return _well("outbox", "empty")


def _ways_of(observed: Observations) -> str:
    used = None if isinstance(observed.login, DiaryError) else observed.login.name
    is_answered = isinstance(observed.pong, Pong)
    queues = observed.kept.queues[:MOST_PATHS]
    return "; ".join(way_of(queue, used, is_answered=is_answered) for queue in queues)


_REFUSED: Final = 6

_CHECKS: Final[tuple[Callable[[Observations], Finding], ...]] = (
    _config,
    _login,
    _name,
    _server,
    _identity,
    _token,
    _clock,
    _files,
    _disk,
    _outbox,
    _drafts,
)
