"""`diaryclient` without a command and without a terminal: each line of standard input is an entry.

Rules: a line ends in LF or CR LF, and blank ones are skipped; backslashes mean nothing here. Every
line is answered before the next is read, `saved` on standard output and all else on standard error.
A text is never lost: what cannot be sent is kept in the outbox, what cannot be kept is printed
back, and a -c that is refused stops no text behind it. After a refused login nothing more is sent;
after a silence the next attempt waits, ever longer, so that a thousand lines do not wait six
seconds each. The exit status is that of the worst line: not kept (1), not understood (2), refused
(6), no login (3), unreachable (4), queued (5).
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from time import sleep
from typing import BinaryIO, Final

import click

from diaryclient.browsing.browsing import Query, browse
from diaryclient.clock import Clock
from diaryclient.commands.shared.output import Output
from diaryclient.diary.keeping import check_text, format_saved, keep, put
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import (
    InterruptedWritingError,
    NotKeptError,
    NotLoggedInError,
    QueuedError,
)
from diaryclient.home.logins import Login
from diaryclient.home.outbox import FINAL_REFUSALS
from diaryclient.interactive.typed_line import Meaning, doubt, meaning
from diaryclient.login.care import LoginCare
from diaryclient.screen.display import counted, format_quoted, safe_line, short_id
from diaryclient.surroundings import Surroundings, has_terminal
from protocol.errors import DiaryError, RefusedError, UsageError
from protocol.identifiers import EntryId
from protocol.incoming import incoming_text

_MOST_BYTES: Final = 1 << 20
"""Of one line; four times the longest entry, and it all goes into the outbox."""

_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 60.0
_LAST_SECONDS: Final = 3.0
"""For what waits when the input has ended."""

_MILLISECOND: Final = 0.001
"""Two entries of one millisecond would have no order in the outbox."""

_SEVERITY: Final = (0, 5, 4, 3, 6, 2, 1)
_AUTHENTICATION: Final = 3


def write_lines(surroundings: Surroundings, *, yes: bool) -> None:
    """Take standard input to its end; leave with the status of the worst line."""
    if has_terminal():
        click.echo("Each line is an entry, -r shows today, Ctrl-D leaves.", err=True)
    try:
        login = surroundings.login()
        writer = LineWriter(
            partial(_open_diary, surroundings, login),
            surroundings.clock,
            clears=yes,
            asks=has_terminal(),
        )
    except DiaryError as error:
        _give_back_all(error)
        raise click.exceptions.Exit(error.exit_status) from None
    with closing(writer):
        for line in _read_lines():
            writer.take(line)
        writer.finish()
    if writer.status:
        raise click.exceptions.Exit(writer.status)


def _open_diary(surroundings: Surroundings, login: Login) -> OpenDiary:
    with suppress(NotLoggedInError):  # somebody logged out; the server says what it is worth
        login = surroundings.login_again(login)
    return surroundings.diary(login)


class LineWriter:
    """Takes lines; `status` is the worst exit status so far."""

    def __init__(
        self,
        open_diary: Callable[[], OpenDiary],
        clock: Clock,
        *,
        clears: bool,
        asks: bool = False,
    ) -> None:
        """`clears`: -c is allowed, though nobody can be asked.

        `asks`: somebody types, and is told once of a line that may have been meant for the program.
        """
        self.status = 0
        self._clock = clock
        self._open_diary = open_diary
        self._diary = open_diary()
        self._clears = clears
        self._asks = asks
        self._doubted = ""
        self._queued = set[EntryId]()
        self._next_attempt = 0.0
        self._last_wall = 0
        self._pause = _FIRST_PAUSE
        self._is_refused = False
        self._output = Output("pretty", has_pager=False, environment={})
        self._care = LoginCare()

    def close(self) -> None:
        """Close the diary."""
        self._diary.close()

    def take(self, line: str | UsageError) -> None:
        """Do what a line asks, and say what came of it."""
        try:
            if isinstance(line, UsageError):
                raise line
            match meaning(line):
                case Meaning.SHOW:
                    self._show()
                case Meaning.CLEAR:
                    self._clear()
                case Meaning.WRITE:
                    if not self._doubts(line):
                        self._write(line)
                case Meaning.NOTHING:
                    pass
        except InterruptedWritingError:
            raise
        except DiaryError as error:
            _complain(error)
            if not isinstance(error, QueuedError):  # those are counted when the input has ended
                self._note(error.exit_status)

    def finish(self) -> None:
        """Try once more what waits, and count what still does."""
        sent = 0 if self._is_refused else self._deliver()
        for words in self._diary.outbox.set_damaged_aside():
            click.echo(f"diaryclient: {safe_line(words)}", err=True)
        kept = {entry.id: entry.refused for entry in self._diary.outbox.entries()}
        waiting = {each for each, refused in kept.items() if refused is None}
        if sent:
            click.echo(f"sent {sent} waiting, {len(waiting)} left", err=True)
        if self._queued & waiting:
            self._note(QueuedError.exit_status)
        if gone := len(self._queued - kept.keys()):
            what = counted(gone, "entry", "entries")
            click.echo(
                f"diaryclient: {what} left the outbox unseen: another diaryclient sent or dropped "
                "them, or somebody removed their files",
                err=True,
            )
            self._note(QueuedError.exit_status)

    def _deliver(self) -> int:
        sent = 0
        for attempt in self._diary.deliveries(_LAST_SECONDS):
            if attempt.error is None:
                sent += 1
                self._queued.discard(attempt.entry.id)
            elif not isinstance(attempt.error, QueuedError):  # that was told, or is an older one's
                _complain(attempt.error)
        return sent

    def _write(self, line: str) -> None:
        text = check_text(line)
        if self._clock.instant().wall == self._last_wall:
            sleep(_MILLISECOND)
        try:
            self._write_text(text)
        except (NotKeptError, KeyboardInterrupt):
            click.echo(format_quoted(line), err=True)
            raise

    def _write_text(self, text: str) -> None:
        entry = keep(self._diary, text)
        self._last_wall = self._clock.instant().wall
        self._queued.add(entry.id)
        if self._is_refused or self._clock.instant().monotonic < self._next_attempt:
            self._diary.outbox.release(entry.id)
            when = "until you log in" if self._is_refused else "and sent later"
            raise QueuedError(f"queued {short_id(entry.id)}: kept in the outbox {when}")
        self._diary.asker.take_newer()  # the last line may be days ago
        try:
            stored = put(self._diary, entry)
        except DiaryError as error:
            self._hold_on(error)
            raise
        self._queued.remove(entry.id)
        self._pause = _FIRST_PAUSE
        click.echo(format_saved(self._diary, stored))
        sys.stdout.flush()
        for words in self._care.look_after(self._diary):
            click.echo(f"diaryclient: {safe_line(words)}", err=True)

    def _hold_on(self, error: DiaryError) -> None:
        if isinstance(error, RefusedError) and error.code in FINAL_REFUSALS:
            return
        if error.exit_status == _AUTHENTICATION:
            self._is_refused = True
        # The next attempt looks the host up anew: input may come for days, and laptops move.
        self._diary.close()
        self._diary = self._open_diary()
        self._next_attempt = self._clock.instant().monotonic + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _doubts(self, line: str) -> bool:
        """Tell once what a line may have meant; the same line typed again is an entry."""
        meant = doubt(line) if self._asks and line != self._doubted else ""
        self._doubted = line if meant else ""
        if meant:
            click.echo(f"{meant}; not saved: to save this line, type it once more", err=True)
        return bool(meant)

    def _show(self) -> None:
        today = self._diary.today()
        if not self._output.show(browse(self._diary, Query(today, today))):
            click.echo(f"no entries on {today}", err=True)

    def _clear(self) -> None:
        if not self._clears:
            raise UsageError("-c clears today only with diaryclient --yes; nothing was cleared")
        today = self._diary.today()
        rows = list(self._diary.days(today, today))
        if not rows:
            click.echo(f"no entries on {today}", err=True)
        for row in rows:
            shown = sum(len(each.entries) for each in self._diary.read_days([row]))
            self._diary.clear(row)
            click.echo(f"cleared {today}, {counted(shown, 'entry', 'entries')}")
            click.echo(f"to bring it back: diaryclient recover {today}", err=True)

    def _note(self, status: int) -> None:
        self.status = max(self.status, status, key=_severity)


def _severity(status: int) -> int:
    return _SEVERITY.index(status) if status in _SEVERITY else _SEVERITY.index(1)


def _read_lines() -> Iterator[str | UsageError]:
    """Give the lines of standard input without their ends, or why one is none."""
    stream = sys.stdin.buffer if sys.stdin else None
    number = 0
    while stream and (line := stream.readline(_MOST_BYTES)):
        number += 1
        if len(line) == _MOST_BYTES and not line.endswith(b"\n"):
            _skip_line(stream)
            yield UsageError(f"line {number} has more than {_MOST_BYTES} bytes; it was not saved")
            continue
        try:
            yield incoming_text(line.decode())
        except UnicodeDecodeError:
            click.echo(format_quoted(line.decode(errors="backslashreplace").rstrip()), err=True)
            yield UsageError(f"line {number} is not valid UTF-8; it was not saved")


def _skip_line(stream: BinaryIO) -> None:
    while line := stream.readline(_MOST_BYTES):
        if line.endswith(b"\n"):
            return


def _give_back_all(error: DiaryError) -> None:
    _complain(error)
    if has_terminal():
        return  # nothing was typed yet
    for line in _read_lines():
        if isinstance(line, UsageError):
            _complain(line)
        elif meaning(line) is Meaning.WRITE:
            click.echo(format_quoted(line), err=True)


def _complain(error: DiaryError) -> None:
    prefix = "" if isinstance(error, QueuedError) else "diaryclient: "
    click.echo(f"{prefix}{safe_line(str(error))}", err=True)
