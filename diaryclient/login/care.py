"""Keeps a login alive: renews it when the server hints so, and announces its end when it is near.

Rules: after a program's own work; bounded in time; a failure is silent, since there are weeks for
further attempts, except where the server is not the one that was trusted. After an attempt there is
a pause, which the next program keeps, too: a server that does not answer costs one command its
wait, and not every one. What is not needed is not imported, because this runs after every command.
"""

from typing import Final

from diaryclient.diary.writer import Writer
from diaryclient.errors import IdentityChangedError
from protocol.errors import DiaryError

PAUSE_SECONDS: Final = 600
"""Between two attempts: of a program that runs for days, and of all that use a login."""

_MARK: Final = ".renewal"
"""Made anew at each attempt, in the folder of the login's outbox."""

_LOOK_CLOSER: Final = 15 * 86_400_000
"""Ms before a login's end; more than `diaryclient.login.ending` takes for near."""


class LoginCare:
    """Looks after the login of a program, however long it runs."""

    def __init__(self) -> None:
        """Begin with nothing tried."""
        self._next_attempt = 0.0

    def look_after(self, writer: Writer) -> list[str]:
        """Renew the login if that is due, and give what to tell about it, mostly nothing."""
        now = writer.asker.clock.instant().monotonic
        told: list[str] = []
        is_due = writer.asker.is_renewal_due and writer.login.is_stored
        if is_due and now >= self._next_attempt:
            self._next_attempt = now + PAUSE_SECONDS
            if _is_time(writer):
                told += _renew(writer)
        return told + _announce(writer)


def _is_time(writer: Writer) -> bool:
    from diaryclient.home.marks import is_time  # noqa: PLC0415 - weeks pass until it is needed

    mark = writer.outbox.folder / _MARK
    return is_time(mark, writer.asker.now().wall // 1000, PAUSE_SECONDS)


def _renew(writer: Writer) -> list[str]:
    from diaryclient.login.renewal import renew  # noqa: PLC0415 - takes public-key cryptography

    try:
        renew(writer.asker)
    except IdentityChangedError as error:
        return [str(error)]
    except (DiaryError, OSError):
        return []  # told when the end is near
    return []


def _announce(writer: Writer) -> list[str]:
    login, now = writer.login, writer.asker.now().wall
    if not login.expires or login.expires - now > _LOOK_CLOSER:
        return []
    from diaryclient.login.ending import announce_end  # noqa: PLC0415 - hardly ever needed

    announced = announce_end(login, writer.outbox.folder, now, writer.asker.clock)
    return [announced] if announced else []
