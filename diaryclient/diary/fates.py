"""What the commands that change entries share: who may, what is told, and what is left open.

Rules: done is told on standard output, one line an entry, like `saved`. Each failure says whether
the entry was changed, as far as anybody can know.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from diaryclient.diary.open_diary import OpenDiary
from diaryclient.entries.histories import EntryHistory
from diaryclient.errors import InterruptedChangeError, is_open
from diaryclient.home.logins import Login
from diaryclient.screen.display import format_minute, short_id
from protocol.errors import DiaryError, ScopeError, StaleError
from protocol.messages.base import Scope, allows


def check_may_change(login: Login) -> None:
    """Raise ScopeError if the login may not change entries, before a person makes the effort."""
    if not allows(login.scopes, Scope.FULL):
        raise ScopeError(f"this login's scope is {login.scopes}; {login.way_out}")


def format_done(diary: OpenDiary, deed: str, history: EntryHistory) -> str:
    """Give `removed 4fb39 2026-11-22 18:40 alice@127.0.0.1:8888`."""
    when = format_minute(history.entry.stamp)
    return f"{deed} {short_id(history.id)} {when} {diary.login.name}"


@contextmanager
def telling_fate(history: EntryHistory, deed: str) -> Iterator[None]:
    """Add to every failure, and to Ctrl-C, whether the entry was `deed`."""
    try:
        with naming_fate(history, deed):
            yield
    except KeyboardInterrupt:
        raise InterruptedChangeError(f"interrupted; {_unknown(history, deed)}") from None


@contextmanager
def naming_fate(history: EntryHistory, deed: str) -> Iterator[None]:
    """Add to every DiaryError whether the entry was `deed`."""
    name = short_id(history.id)
    try:
        yield
    except StaleError:
        raise StaleError(
            f"{name} was changed elsewhere meanwhile, so it was not {deed}; to see how: "
            f"diaryclient history {name}"
        ) from None
    except DiaryError as error:
        known = f"{name} was not {deed}"
        error.args = (f"{error}; {_unknown(history, deed) if is_open(error) else known}",)
        raise


def _unknown(history: EntryHistory, deed: str) -> str:
    name = short_id(history.id)
    return f"whether {name} was {deed} is not known: diaryclient history {name} tells"
