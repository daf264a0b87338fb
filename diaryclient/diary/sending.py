"""Brings entries from the outbox to the server: one that was just written, or all that wait.

Long, so that what may change an entry on its way stands in one place.

Rules: an entry is held (`diaryclient.home.outbox`) while it is sent, and only a signed OK takes it
off the disk. Its content changes only when no server can have stored the old one, because the
server would take another content under the same id for a conflict, or, on another day, for a second
entry:

- after BADTIME, if the entry was composed here, by the same wrong clock, and no attempt of it can
  have passed; a time that a person named has nothing to do with that clock and stays;
- after INVALID, if the entry's time lies ahead of the server's signed time: no server takes those.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from diaryclient.asking.asker import Asker
from diaryclient.asking.exchange import PATIENCE
from diaryclient.clock import Clock
from diaryclient.errors import (
    IdentityChangedError,
    NotKeptError,
    NotLoggedInError,
    QueuedError,
    UnknownHostError,
    UnreachableError,
)
from diaryclient.files.disks import reason_of
from diaryclient.home.outbox import FINAL_REFUSALS, LOGIN_REFUSALS, Entry, Outbox
from diaryclient.screen.display import short_id
from protocol.errors import (
    NOT_YET,
    DiaryError,
    ErrorCode,
    InvalidRequestError,
    MalformedError,
    QuotaError,
    RefusedError,
)
from protocol.identifiers import Day, EntryId
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Request, Scope, allows
from protocol.messages.writing import Stored
from protocol.stamp import Stamp

_MOST_FULL_DAYS: Final = 8
"""Then it is probably the diary that has no room, and each entry more would be told of as well."""

_ELSEWHERE: Final = "another diaryclient is sending it"


class Attempt(NamedTuple):
    """A waiting entry that was sent, as it was stored; or, with `error`, why it was not."""

    entry: Entry
    error: DiaryError | None = None


class Sender:
    """Sends one login's entries."""

    def __init__(self, asker: Asker, outbox: Outbox, clock: Clock) -> None:
        """Send what is in `outbox` through `asker`."""
        self._asker = asker
        self.outbox = outbox
        self._clock = clock
        self._never_sent = set[EntryId]()

    def now(self) -> Stamp:
        """Give this moment as the writer's wall clock shows it, corrected by what is known."""
        at = self._asker.now().wall
        return Stamp(at, self._clock.local_offset(at))

    def compose(
        self,
        text: str,
        *,
        star: bool = False,
        at: Stamp | None = None,
        refused: ErrorCode | None = None,
    ) -> Entry:
        """Make an entry of now, or of `at`, and put it into the outbox, held until it was tried.

        Raise OSError if the disk does not take it; then it was not kept.
        """
        stamp = at or self.now()
        entry = Entry(self._asker.new_id(), stamp.at, stamp.off, text, star, refused)
        self.outbox.add(entry)
        if refused:
            self.outbox.release(entry.id)
        elif at is None:
            self._never_sent.add(entry.id)
        return entry

    def send_unkept(
        self, text: str, *, star: bool, at: Stamp | None, patience: float = PATIENCE
    ) -> Entry:
        """Send an entry of now, or of `at`, that is in no outbox, and give it as it was stored.

        Nobody sends it again: raise as `Asker.ask`.
        """
        stamp = at or self.now()
        entry = Entry(self._asker.new_id(), stamp.at, stamp.off, text, star)
        sending = _Sending(
            entry, _forget, self._clock.local_offset, is_new=at is None, may_change=True
        )
        sending.ask(self._asker, patience)
        return sending.entry

    def put(self, entry: Entry, patience: float = PATIENCE) -> Entry:
        """Send an entry of the outbox, and give it as it was stored: its time may be corrected.

        If another process is sending it, wait for that one. Raise QueuedError if its fate is open
        after `patience` seconds, of a long one after so many without progress, or the RefusedError,
        NotLoggedInError or IdentityChangedError; in every case the entry is kept. NotKeptError: its
        file was taken away, and the disk does not take it again.
        """
        was_held = self.outbox.holds(entry.id)
        try:
            held = self.outbox.hold(entry.id, patience)
        except BlockingIOError:
            raise _queued(entry, _ELSEWHERE) from None
        except MalformedError:
            held = None
        except OSError as error:
            raise _queued(entry, self._unusable(error)) from None
        if held is None:
            # Another process had it confirmed, or a hand took it away: only an answer tells.
            try:
                self.outbox.add(entry)
            except OSError as error:
                raise self._not_kept(error) from None
        return self._send(held or entry, patience, may_change=was_held or held is not None)

    def deliveries(
        self, seconds: float, waits: float = 0.0, *, once_more: frozenset[ErrorCode] = frozenset()
    ) -> Iterator[Attempt]:
        """Send the waiting entries, oldest first, for at most so many seconds; give each one tried.

        A long one that makes progress is not broken off. Entries refused with `once_more` are tried
        as well, and those of a token whose scope did not allow them, if this login's does: it is
        the same person's diary. A day that has no room keeps back its own entries and no others.
        Nothing happens if another process is delivering and does not end within `waits` seconds.
        Raise OSError if the outbox cannot be used.
        """
        deadline = self._clock.instant().monotonic + seconds
        wanted = once_more | {None}
        if allows(self._asker.login.scopes, Scope.WRITE):
            wanted |= {ErrorCode.SCOPE}
        if not any(entry.refused in wanted for entry in self.outbox.entries()):
            return
        with self.outbox.delivering(waits) as is_mine:
            if is_mine:
                yield from self._deliver(deadline, wanted)

    def _deliver(self, deadline: float, wanted: frozenset[ErrorCode | None]) -> Iterator[Attempt]:
        full = set[Day]()
        for listed in self.outbox.entries():
            patience = min(PATIENCE, deadline - self._clock.instant().monotonic)
            if patience <= 0:
                return
            if listed.refused not in wanted or listed.stamp.day in full:
                continue
            attempt = self._try(listed, patience, wanted)
            if attempt is None:
                continue
            yield attempt
            if isinstance(attempt.error, QuotaError):
                full.add(attempt.entry.stamp.day)
            elif not _may_go_on(attempt.error):
                return
            if len(full) == _MOST_FULL_DAYS:
                return

    def _try(
        self, listed: Entry, patience: float, wanted: frozenset[ErrorCode | None]
    ) -> Attempt | None:
        try:
            entry = self.outbox.hold(listed.id)
        except (BlockingIOError, MalformedError):
            return None  # who holds it sends it; what was damaged meanwhile is told of elsewhere
        if entry is None:
            return None  # confirmed meanwhile
        if entry.refused not in wanted:
            self.outbox.release(entry.id)
            return None
        try:
            return Attempt(self._send(entry, patience))
        except DiaryError as error:
            return Attempt(entry, error)

    def _send(self, entry: Entry, patience: float, *, may_change: bool = True) -> Entry:
        """Send an entry that is held, and let go of it.

        Its time stays unless it `may_change`: another process may have had it confirmed.
        """
        is_new = may_change and entry.id in self._never_sent
        sending = _Sending(
            entry,
            self.outbox.keep,
            self._clock.local_offset,
            is_new=is_new,
            may_change=may_change,
        )
        try:
            sending.ask(self._asker, patience)
        except UnknownHostError as error:
            raise self._kept(sending.entry, error) from None
        except DiaryError as error:
            self._never_sent.discard(entry.id)
            raise self._kept(sending.entry, error) from None
        except KeyboardInterrupt:
            self._ensure(sending.entry)
            raise
        except OSError as error:
            raise _queued(entry, self._unusable(error)) from None
        else:
            self._never_sent.discard(entry.id)
            with suppress(OSError):  # it stays, is sent once more, and the server knows it
                self.outbox.remove(entry.id)
            return sending.entry
        finally:
            self.outbox.release(entry.id)

    def _ensure(self, entry: Entry) -> None:
        """Write the entry back if its file is gone, before somebody is told that it is kept."""
        try:
            self.outbox.ensure(entry)
        except OSError as error:
            raise self._not_kept(error) from None

    def _not_kept(self, error: OSError) -> NotKeptError:
        return NotKeptError(
            f"NOT SAVED: somebody took its file away, and the outbox {self.outbox.folder} cannot "
            f"be written: {reason_of(error, self.outbox.folder)}"
        )

    def _kept(self, entry: Entry, error: DiaryError) -> DiaryError:
        self._ensure(entry)
        name = short_id(entry.id)
        if isinstance(error, UnreachableError | UnknownHostError | MalformedError) or (
            isinstance(error, RefusedError) and error.code in NOT_YET
        ):
            return _queued(entry, str(error))
        if isinstance(error, NotLoggedInError | IdentityChangedError):
            return type(error)(f"{error}; {name} is kept in the outbox until then")
        if not isinstance(error, RefusedError):
            return error
        if isinstance(error, QuotaError):
            reason = (
                f"{error}; {name} is kept in the outbox and sent when there is room: "
                "diaryclient status"
            )
        elif error.code not in LOGIN_REFUSALS | FINAL_REFUSALS:
            reason = f"{error}; {name} is kept in the outbox and sent with a later command"
        else:
            with suppress(OSError):  # then it waits without its reason, and is refused again
                self.outbox.hold_back(entry, error.code)
            is_final = error.code in FINAL_REFUSALS
            where = f": {self.outbox.path(entry.id)}" if is_final else " until then"
            reason = f"{error}; {name} is kept in the outbox{where}"
        return type(error)(reason, error.server_time)

    def _unusable(self, error: OSError) -> str:
        reason = reason_of(error, self.outbox.folder)
        return f"the outbox {self.outbox.folder} cannot be used: {reason}"


class _Sending:
    """One entry on its way; `entry` is what it is now, and what `keep` was told last."""

    def __init__(
        self,
        entry: Entry,
        keep: Callable[[Entry], None],
        offset_at: Callable[[int], int],
        *,
        is_new: bool,
        may_change: bool,
    ) -> None:
        self.entry = entry
        self._keep = keep
        self._offset_at = offset_at
        self._is_new = is_new
        self._may_change = may_change

    def ask(self, asker: Asker, patience: float) -> None:
        try:
            self._ask_once(asker, patience)
        except InvalidRequestError as error:
            is_ahead = self.entry.at > error.server_time + MAX_SKEW_MILLISECONDS
            if not (self._may_change and is_ahead):
                raise
            self._change_time(error.server_time)
            self._ask_once(asker, patience)

    def _ask_once(self, asker: Asker, patience: float) -> None:
        request, rid = self.entry.request, self.entry.id
        asker.ask(request, Stored, rid=rid, patience=patience, corrected=self._correct)

    def _correct(self, change: int) -> Request:
        if self._is_new:
            self._change_time(self.entry.at + change)
        return self.entry.request

    def _change_time(self, at: int) -> None:
        is_of_here = self.entry.off == self._offset_at(self.entry.at)
        # The clock on the wall may have been changed between the wrong moment and the right one.
        off = self._offset_at(at) if is_of_here else self.entry.off
        changed = self.entry._replace(at=at, off=off)
        self._keep(changed)
        self.entry = changed


def _forget(entry: Entry) -> None:
    """Keep nothing."""


def _may_go_on(error: DiaryError | None) -> bool:
    """Tell whether the next entry may fare better than this one did."""
    return error is None or (isinstance(error, RefusedError) and error.code in FINAL_REFUSALS)


def _queued(entry: Entry, reason: str) -> QueuedError:
    name = short_id(entry.id)
    return QueuedError(
        f"queued {name}: {reason}; kept in the outbox and sent with a later command", reason
    )
