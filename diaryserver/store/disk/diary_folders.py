"""The folders of all diaries, and the only code that makes, moves and deletes them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Final

from diaryserver.store.disk.disk import Disk
from diaryserver.store.disk.looking import Looking
from diaryserver.store.disk.texts import RememberedTexts
from diaryserver.store.disk.user_folder import FOLDER_FLAGS, UserFolder
from diaryserver.store.ledger.ledger import Ledger, draw_epoch
from diaryserver.store.ledger.ledgerfile import LEDGER, open_ledger
from protocol.errors import MalformedError
from protocol.identifiers import Username


class DiaryFolders:
    """All diaries of a server."""

    def __init__(
        self, data: Path, disk: Disk, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Create what is missing below `data`, which exists; keep descriptors, and the ledger."""
        self.disk = disk
        self._random_bytes = random_bytes
        self.ledger = Ledger(open_ledger(data / LEDGER))
        self.looking: Final = Looking()
        self._remembered = RememberedTexts()
        self._leaving = set[Username]()
        self._descriptors = []
        for name in ("diaries", "removed"):
            path = data / name
            path.mkdir(mode=0o700, exist_ok=True)
            self._descriptors.append(os.open(path, FOLDER_FLAGS))
        self._diaries, self._removed = self._descriptors
        # Both names are durable with the journal's, which is opened next; but whoever made a diary
        # may have crashed before its name was.
        self._has_new = True
        self.sync_new()

    def close(self) -> None:
        """Close the ledger and the descriptors."""
        self.ledger.close()
        for descriptor in self._descriptors:
            os.close(descriptor)

    @contextmanager
    def user(self, user: Username, *, create: bool = False) -> Iterator[UserFolder]:
        """Open a user's folder; raise FileNotFoundError if there is none and `create` is not set.

        Only an authenticated request of an existing user may set `create`. The name of a new
        folder is durable after `sync_new`.
        """
        try:
            descriptor = os.open(user, FOLDER_FLAGS, dir_fd=self._diaries)
        except FileNotFoundError:
            if not create:
                raise
            self.disk.make_folder(user, self._diaries)
            self._has_new = True
            descriptor = os.open(user, FOLDER_FLAGS, dir_fd=self._diaries)
        try:
            yield UserFolder(
                user, descriptor, self.disk, self.ledger, self._remembered, self.looking
            )
        finally:
            os.close(descriptor)

    def users(self) -> list[Username]:
        """Give the users who have a folder, in order."""
        return [name for each in sorted(os.listdir(self._diaries)) for name in _usernames(each)]

    def retire(self, user: Username, uid: bytes) -> str:
        """Move a user's folder to `removed`, durably; give its place, "" if there was none.

        A second one of the same user, which nothing but a fault leaves, gets a name of its own.
        Whatever begins under the name again is of another epoch: no reader may take it for this.
        What an earlier one left in the ledger, since something failed behind the move, goes too.
        """
        self._forget_left()
        has_folder = self._has(user)
        if has_folder or self.ledger.is_known(user):
            self.ledger.begin_epoch(user, draw_epoch(self._random_bytes))
        if not has_folder:
            self.ledger.forget(user)
            return ""
        self._remembered.forget_user(user)
        name = self._free_name(f"{user}.{uid.hex()}")
        self._leaving.add(user)
        self.disk.rename(user, self._diaries, name, self._removed)
        self.disk.sync_folder(self._removed)
        self.disk.sync_folder(self._diaries)
        self._forget_left()
        return f"removed/{name}"

    def forget_strays(self, is_user: Callable[[Username], bool]) -> None:
        """Drop what the ledger has of removed users, as a removal that was cut off leaves it.

        What is there of a user whose folder somebody moved away stays: the ids are known for ever.
        """
        for user in map(Username, sorted(self.ledger.users() - set(os.listdir(self._diaries)))):
            if not is_user(user):
                self.retire(user, b"")

    def purge(self, user: Username, uid: bytes) -> None:
        """Delete what `retire` moved aside of this user, durably."""
        own = f"{user}.{uid.hex()}"
        for name in os.listdir(self._removed):
            if name == own or name.startswith(f"{own}."):
                self.disk.remove_tree(name, self._removed)
        self.disk.sync_folder(self._removed)

    def sync_new(self) -> None:
        """Make the names of all folders that were made since the last time durable, at once."""
        if self._has_new:
            self.disk.sync_folder(self._diaries)
            self._has_new = False

    def sync_all(self) -> None:
        """Make everything in all diaries durable, at the price of one call."""
        self.disk.sync_all(self._diaries)

    def _forget_left(self) -> None:
        for user in [user for user in self._leaving if not self._has(user)]:
            self.ledger.forget(user)
            self._leaving.discard(user)

    def _has(self, user: Username) -> bool:
        try:
            os.stat(user, dir_fd=self._diaries, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _free_name(self, wanted: str) -> str:
        taken = set(os.listdir(self._removed))
        numbered = (f"{wanted}.{number}" for number in count(2))
        return next(name for name in chain([wanted], numbered) if name not in taken)


def _usernames(name: str) -> Iterator[Username]:
    try:
        yield Username(name)
    except MalformedError:
        return  # none of ours, which verify reports
