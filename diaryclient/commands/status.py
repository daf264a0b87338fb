"""`diaryclient status`: what is known of the login, with and without the server.

Rules: what is known here is printed even if the server does not answer; the error and the exit
status follow it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import click

from diaryclient.clock import Clock
from diaryclient.commands.shared.delivering import deliver_older
from diaryclient.commands.shared.fitting import fitted
from diaryclient.diary.open_diary import OpenDiary, Pong
from diaryclient.diary.room import format_day_room, format_room, room_as_json
from diaryclient.errors import UnreachableError
from diaryclient.health.wording import days_left, format_ahead, format_life
from diaryclient.home.logins import Login
from diaryclient.screen.display import safe_line
from diaryclient.surroundings import Surroundings
from protocol.errors import DiaryError
from protocol.messages.usage import Used

_LABEL: Final = 8
"""Columns of a row's name and the space behind it."""


@dataclass(frozen=True, slots=True)
class _Status:
    """The login, what waits and was refused, and the server's answer or why there is none.

    `used` is None if the server did not tell.
    """

    login: Login
    waiting: int
    refused: int
    answer: Pong | DiaryError
    used: Used | None = None

    @property
    def scopes(self) -> str:
        return self.answer.identity.scopes if isinstance(self.answer, Pong) else self.login.scopes

    @property
    def expires(self) -> int:
        return self.answer.identity.expires if isinstance(self.answer, Pong) else self.login.expires

    @property
    def is_reachable(self) -> bool:
        """Whether the server answered, if only by a refusal."""
        answer = self.answer
        return isinstance(answer, Pong) or answer.exit_status != UnreachableError.exit_status


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def command(surroundings: Surroundings, *, as_json: bool) -> None:
    """Print the login in use, its end, the way to the server, the room left, and what waits.

    Without the server it prints what is known here, and the exit status is 4. `diaryclient doctor`
    looks closer.

    \b
      diaryclient status
      diaryclient --profile work status --json
    """  # noqa: D301 - click's mark is a real backspace
    with surroundings.diary(surroundings.login()) as diary:
        status = _look(diary)
        clock = surroundings.zoned_clock()
        click.echo(_as_json(status, clock) if as_json else _as_text(status, clock))
        if isinstance(status.answer, DiaryError):
            raise status.answer
        deliver_older(diary)


def _look(diary: OpenDiary) -> _Status:
    kept = list(diary.outbox.entries())
    waiting = sum(not entry.refused for entry in kept)
    answer: Pong | DiaryError
    used: Used | None = None
    try:
        answer = diary.ping()
        used = diary.usage()
    except DiaryError as error:
        answer = error
    return _Status(diary.login, waiting, len(kept) - waiting, answer, used)


def _as_text(status: _Status, clock: Clock) -> str:
    if isinstance(status.answer, Pong):
        pong = status.answer
        server = f"answered in {pong.milliseconds:.1f} ms, its clock {format_ahead(pong.ahead)}"
    else:
        server = "refused" if status.is_reachable else "unreachable"
    rows = (
        ("login", status.login.name),
        ("token", f"{_token(status.login)}: {status.scopes}, {format_life(status.expires, clock)}"),
        ("server", server),
        *_room(status.used),
        ("outbox", f"{status.waiting} waiting, {status.refused} refused"),
    )
    return "\n".join(fitted(f"{name:<7} {words}", _LABEL) for name, words in rows)


def _room(used: Used | None) -> tuple[tuple[str, str], ...]:
    return (("room", format_room(used)), ("today", format_day_room(used))) if used else ()


def _token(login: Login) -> str:
    return f"{login.id.hex()} {safe_line(login.label)}".rstrip()


def _as_json(status: _Status, clock: Clock) -> str:
    pong = status.answer if isinstance(status.answer, Pong) else None
    expires = status.expires
    return json.dumps(
        {
            "server": str(status.login.address),
            "user": status.login.user,
            "token": status.login.id.hex(),
            "scopes": status.scopes.split(),
            "expires": datetime.fromtimestamp(expires / 1000, UTC).isoformat(
                timespec="milliseconds"
            )
            if expires
            else None,
            "days_left": days_left(expires, clock.instant().wall),
            "room": room_as_json(status.used) if status.used else None,
            "waiting": status.waiting,
            "refused": status.refused,
            "reachable": status.is_reachable,
            "round_trip_ms": round(pong.milliseconds, 1) if pong else None,
            "clock_ahead_ms": pong.ahead if pong else None,
            "error": None if pong else str(status.answer),
        },
        indent=2,
    )
