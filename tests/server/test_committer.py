"""The committer: what is handed to the store, and what is not."""

import asyncio
from pathlib import Path

from diaryserver.composition import open_entries
from diaryserver.service.committer import Committer
from diaryserver.service.threads import Worker
from protocol.errors import TokenRevokedError
from tests.server.fakes import FrozenClock
from tests.server.store_contract import ALICE, BOB, entry


def test_an_entry_that_was_under_way_when_its_user_was_removed_begins_no_new_diary(
    tmp_path: Path,
) -> None:
    """It is refused, nothing is written under the old name, and others of its batch are kept."""
    users = {ALICE, BOB}
    worker = Worker("entries")

    async def write_while_alice_is_removed() -> None:
        with open_entries(tmp_path) as store:
            committer = Committer(store, worker, users.__contains__, FrozenClock().monotonic)
            both = (committer.append(entry("hers", user=ALICE)), committer.append(entry(user=BOB)))
            users.discard(ALICE)
            hers, his = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(hers, TokenRevokedError)
        assert not isinstance(his, BaseException)

    try:
        asyncio.run(write_while_alice_is_removed())
    finally:
        worker.close()
    assert [path.name for path in (tmp_path / "diaries").iterdir()] == ["bob"]


def test_nothing_is_refused_while_the_user_is_there(tmp_path: Path) -> None:
    """An append returns once the entry is durable."""
    worker = Worker("entries")

    async def write() -> bool:
        with open_entries(tmp_path) as store:
            committer = Committer(store, worker, lambda _: True, FrozenClock().monotonic)
            return (await committer.append(entry(user=ALICE))).duplicate

    try:
        assert not asyncio.run(write())
    finally:
        worker.close()
