"""The days that the store knows by heart, the least recently used forgotten first.

Rules: of a day that is forgotten a mark stays, as long as there is room: by that an edit is noticed
whenever the day is read again.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Final

from diaryserver.store.days.dayids import MAX_NEWEST
from diaryserver.store.days.daystate import DayState, Mark, load_day
from diaryserver.store.disk.looking import SMALL_BYTES
from diaryserver.store.disk.user_folder import UserFolder
from protocol.identifiers import Day, Username

MAX_CACHED_DAYS: Final = 20_000
MAX_CACHED_IDS: Final = 2_000_000
"""32 MiB of ids; a day that is not cached is read again, nothing else happens."""

MAX_MARKS: Final = 100_000
"""Of days that were forgotten, some 30 MiB; an edit of one whose mark is gone is not noticed."""


class DayCache:
    """What is known of days; used by one thread."""

    def __init__(
        self,
        max_days: int = MAX_CACHED_DAYS,
        max_ids: int = MAX_CACHED_IDS,
        newest: int = MAX_NEWEST,
        max_marks: int = MAX_MARKS,
    ) -> None:
        """Bound the memory: ids are what it goes into, of each day the `newest` ones.

        `on_surprise` is told whose file is not what the store made it.
        """
        self.on_surprise: Callable[[Username], object] = _ignore
        self._max_days = max_days
        self._max_ids = max_ids
        self._newest = newest
        self._max_marks = max_marks
        self._days: OrderedDict[tuple[Username, Day], DayState] = OrderedDict()
        self._marks: OrderedDict[tuple[Username, Day], Mark] = OrderedDict()
        self._ids = 0

    def state(self, folder: UserFolder, day: Day) -> DayState:
        """Give a day's state, read anew if the file is not what it was; raise OSError.

        Raise UnfinishedError where that is not to be looked into now.
        """
        key = folder.user, day
        state = self._days.get(key)
        if state is not None and state.is_current(folder, day):
            self._days.move_to_end(key)
            return state
        found = folder.day_status(day)
        if found is None or (found[0].st_size <= SMALL_BYTES and not found[1]):
            folder.looking.check_small(folder.user, "day", is_small=folder.is_small())
        else:
            folder.looking.check_begin()
        before = self._marks.get(key) if state is None else state.mark()
        try:
            loaded = load_day(folder, day, self._newest, before)
            self._make_met_durable(folder, day, loaded, before, is_surprise=state is not None)
        except OSError:
            self.forget(*key)
            raise
        # Not before: what fails, or is not finished yet, is tried again with all that was known.
        self.forget(*key)
        self._marks.pop(key, None)
        if state is not None or loaded.was_torn:
            self.on_surprise(folder.user)
        self._days[key] = loaded
        self._ids += loaded.weight()
        self._make_room()
        return loaded

    def _make_met_durable(
        self,
        folder: UserFolder,
        day: Day,
        loaded: DayState,
        before: Mark | None,
        *,
        is_surprise: bool,
    ) -> None:
        """Sync what somebody changed, who did not: a power cut might take what readers have met."""
        is_other = before is not None and before != loaded.mark()
        if not loaded.inode or not (is_surprise or is_other):
            return
        try:
            folder.sync_file(loaded.file_name(day))
        except PermissionError:
            if is_other:
                raise
            # Its text is what it was: it only may not be written, and the journal goes on.
        folder.sync()

    def note_ids(
        self,
        key: tuple[Username, Day],
        state: DayState,
        ids: Collection[bytes],
        changes: Collection[bytes] = (),
    ) -> None:
        """Add ids that were just written; `changes` are those among them that are no entries'.

        `state` is that of `key`, whether it is cached still or not.
        """
        more = state.records.add(ids)
        state.entries += len(ids) - len(changes)
        if more and self._days.get(key) is state:
            self._ids += more
            self._make_room()

    def forget(self, user: Username, day: Day) -> None:
        """Drop a day, but for its mark."""
        state = self._days.pop((user, day), None)
        if state is not None:
            self._drop((user, day), state)

    def forget_user(self, user: Username) -> None:
        """Drop all days of a user."""
        for name, day in list(self._days):
            if name == user:
                self.forget(user, day)
        for name, day in list(self._marks):
            if name == user:
                del self._marks[name, day]

    def _make_room(self) -> None:
        while len(self._days) > 1 and (
            len(self._days) > self._max_days or self._ids > self._max_ids
        ):
            self._drop(*self._days.popitem(last=False))

    def _drop(self, key: tuple[Username, Day], state: DayState) -> None:
        self._ids -= state.weight()
        self._marks[key] = state.mark()
        self._marks.move_to_end(key)
        if len(self._marks) > self._max_marks:
            self._marks.popitem(last=False)


def _ignore(user: Username) -> None:
    """Do nothing: nobody keeps more of the day."""
