"""Changes of entries: amend, remove, and take the last of these back.

Rules: a change is made to the version that a person saw, so one that another device made meanwhile
is never overwritten: StaleError. Within the patience it is repeated under one id, and so made once;
when it ends without an answer, the change may have been made or not.
"""

from diaryclient.asking.asker import Asker
from diaryclient.clock import Clock
from diaryclient.entries.histories import EntryHistory
from diaryclient.errors import TextTooLongError
from protocol.dayfile import Amended, Change, Removed, Restored
from protocol.identifiers import EntryId
from protocol.messages.changes import Amend, Changed, Remove, Restore
from protocol.messages.writing import MAX_LONG_TEXT_BYTES
from protocol.stamp import Stamp


class Changer:
    """Changes one login's entries; every method raises as `Asker.ask`.

    Of its refusals NotFoundError means that the entry is gone, or that there is nothing to change.
    """

    def __init__(self, asker: Asker, clock: Clock) -> None:
        """Ask through `asker`; `clock` knows the zone of the person."""
        self._asker = asker
        self._clock = clock

    def amend(self, history: EntryHistory, text: str, *, star: bool) -> EntryHistory:
        """Give an entry another text and star; raise TextTooLongError before anything is sent."""
        size = len(text.encode())
        if size > MAX_LONG_TEXT_BYTES:
            raise TextTooLongError(
                f"the text has {size} bytes, an entry at most {MAX_LONG_TEXT_BYTES}; "
                f"{TextTooLongError.way_out}"
            )
        rid, now = self._begin()
        request = Amend(history.day, history.id, history.base, now.off, text, star)
        return self._ask(history, request, Amended(now, rid, history.id, text, star))

    def remove(self, history: EntryHistory) -> EntryHistory:
        """Hide an entry."""
        rid, now = self._begin()
        request = Remove(history.day, history.id, history.base, now.off)
        return self._ask(history, request, Removed(now, rid, history.id))

    def restore(self, history: EntryHistory) -> EntryHistory:
        """Take back the last change of an entry that is not taken back yet."""
        rid, now = self._begin()
        request = Restore(history.day, history.id, history.base, now.off)
        return self._ask(history, request, Restored(now, rid, history.id))

    def _begin(self) -> tuple[EntryId, Stamp]:
        at = self._asker.now().wall
        return self._asker.new_id(), Stamp(at, self._clock.local_offset(at))

    def _ask(
        self, history: EntryHistory, request: Amend | Remove | Restore, change: Change
    ) -> EntryHistory:
        self._asker.ask(request, Changed, rid=change.id)
        return history.changed(change)
