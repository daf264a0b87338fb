"""Two clients at one outbox: who sends, changes or drops an entry holds it."""

import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from diaryclient.asking.session import Session
from diaryclient.diary.keeping import keep
from diaryclient.errors import NotKeptError, QueuedError, UnknownHostError
from diaryclient.files.disks import reason_of
from diaryclient.home.outbox import Entry, Outbox
from protocol.errors import ErrorCode, InvalidRequestError, QuotaError
from protocol.messages.writing import Put
from protocol.stamp import Stamp
from tests.client.desk import Desk
from tests.client.home.test_outbox import entry
from tests.client.network import arrives, lost
from tests.server.faults import disk_full_at, with_failing, with_read_only_disk

HOUR = 3_600_000


def other(outbox: Outbox) -> Outbox:
    """Give the same outbox as another process sees it."""
    return Outbox(outbox.folder)


def puts(desk: Desk) -> list[Put]:
    """Give what the server was asked to store, repetitions too."""
    return [request for _, request in desk.server.requests if isinstance(request, Put)]


def test_an_entry_is_held_since_before_it_has_a_name(tmp_path: Path) -> None:
    """Also through a change of its content, and until it is let go."""
    mine, theirs = Outbox(tmp_path), Outbox(tmp_path)
    mine.add(entry(1))
    with pytest.raises(BlockingIOError):
        theirs.hold(entry(1).id)
    mine.keep(entry(1)._replace(text="changed"))
    with pytest.raises(BlockingIOError):
        theirs.hold(entry(1).id)
    mine.release(entry(1).id)
    assert theirs.hold(entry(1).id) == entry(1)._replace(text="changed")
    with pytest.raises(BlockingIOError):
        mine.hold(entry(1).id)
    theirs.remove(entry(1).id)
    assert mine.hold(entry(1).id) is None


def test_one_process_delivers_at_a_time(tmp_path: Path) -> None:
    """The second leaves it to the first."""
    mine, theirs = Outbox(tmp_path), Outbox(tmp_path)
    with mine.delivering() as is_mine, theirs.delivering() as is_theirs:
        assert (is_mine, is_theirs) == (True, False)
    with theirs.delivering() as is_theirs:
        assert is_theirs


def test_a_delivery_leaves_alone_what_its_writer_sends(desk: Desk) -> None:
    """Two contents of one id can never meet at the server: the writer may still correct its own."""
    desk.server.ahead = HOUR
    writer = desk.diary()
    mine = writer.compose("mine")
    desk.outbox.keep(entry(-1, "older"))
    theirs = desk.diary(2, other(desk.outbox))
    assert theirs.deliver(3.0).sent == 1
    assert desk.texts() == ["older"]
    stored = writer.put(mine)
    assert stored.at - mine.at == pytest.approx(HOUR, abs=1000)
    assert sorted(desk.texts()) == ["mine", "older"]
    assert list(desk.outbox.entries()) == []


def test_what_another_process_had_confirmed_is_saved(desk: Desk) -> None:
    """The writer let go of it meanwhile, and finds it gone: the server says that it has it."""
    writer = desk.diary()
    mine = writer.compose("mine")
    desk.outbox.release_all()
    assert desk.diary(2, other(desk.outbox)).deliver(3.0).sent == 1
    assert writer.put(mine) == mine
    assert desk.texts() == ["mine"]
    assert len(set(puts(desk))) == 1


def take_away(desk: Desk, mine: Entry) -> None:
    """Remove the file by hand."""
    desk.outbox.path(mine.id).unlink()


def damage(desk: Desk, mine: Entry) -> None:
    """Write something else into the file by hand."""
    desk.outbox.path(mine.id).write_bytes(b"\xff")


def take_folder_away(desk: Desk, mine: Entry) -> None:
    """Remove the whole outbox by hand."""
    shutil.rmtree(desk.outbox.folder)


HANDS = pytest.mark.parametrize("hand", [take_away, damage, take_folder_away])


@HANDS
def test_an_entry_whose_file_a_hand_took_is_sent_all_the_same(
    desk: Desk, hand: Callable[[Desk, Entry], None]
) -> None:
    """Saved is what the server has, and nothing else is called so."""
    writer = desk.diary()
    mine = writer.compose("mine")
    hand(desk, mine)
    assert writer.put(mine) == mine
    assert desk.texts() == ["mine"]
    assert list(desk.outbox.entries()) == []


@HANDS
def test_an_entry_whose_file_a_hand_took_is_queued_only_if_it_is_there(
    desk: Desk, hand: Callable[[Desk, Entry], None]
) -> None:
    """Without a server it is put back before that is said."""
    writer = desk.diary()
    mine = writer.compose("mine")
    hand(desk, mine)
    desk.transport.back = lost
    with pytest.raises(QueuedError):
        writer.put(mine)
    assert desk.outbox.waiting() == [mine]


def test_a_file_that_a_hand_takes_while_it_is_sent_is_put_back(desk: Desk) -> None:
    """Of what is told to be kept."""
    writer = desk.diary()
    mine = writer.compose("mine")

    def there(datagram: bytes) -> list[tuple[float, bytes]]:
        desk.outbox.path(mine.id).unlink(missing_ok=True)
        return lost(datagram)

    desk.transport.there = there
    with pytest.raises(QueuedError):
        writer.put(mine)
    assert desk.outbox.waiting() == [mine]


def test_a_text_that_can_be_kept_nowhere_is_neither_queued_nor_saved(desk: Desk) -> None:
    """A hand took the file, and the disk takes no other."""
    writer = desk.diary()
    mine = writer.compose("mine")
    desk.outbox.path(mine.id).unlink()
    with pytest.raises(NotKeptError, match="NOT SAVED"):
        with_failing(("fsync",), lambda: writer.put(mine))
    assert desk.transport.sent == []


def test_an_entry_that_may_be_stored_is_not_given_another_time(desk: Desk) -> None:
    """Another process had it confirmed, with a corrected time: no second one comes of it."""
    writer = desk.diary()
    mine = writer.compose("mine", at=Stamp(desk.clock.wall + HOUR, 0))
    desk.outbox.release_all()
    assert desk.diary(2, other(desk.outbox)).deliver(3.0).sent == 1
    with pytest.raises(InvalidRequestError):
        writer.put(mine)
    assert desk.texts() == ["mine"]


def test_what_is_damaged_while_others_are_sent_stops_nothing(desk: Desk) -> None:
    """The next one is sent; the damaged one is set aside."""
    writer = desk.diary()
    composed = [writer.compose(text) for text in ("one", "two", "three")]
    first, second, third = sorted(composed, key=lambda each: each.id)
    desk.outbox.release_all()

    def there(datagram: bytes) -> list[tuple[float, bytes]]:
        if desk.outbox.path(second.id).exists():
            desk.outbox.path(second.id).write_bytes(b"\xff")
        return arrives(datagram)

    desk.transport.there = there
    assert desk.diary(2).deliver(9.0).sent == 2
    assert sorted(desk.texts()) == sorted([first.text, third.text])
    [told] = desk.outbox.set_damaged_aside()
    assert f"{second.id.hex()}.json.damaged" in told
    assert desk.outbox.set_damaged_aside() == []


def test_a_writer_that_ends_lets_go(desk: Desk) -> None:
    """What it could not send is everybody's; an entry that is composed too late as well."""
    with desk.diary() as writer:
        writer.compose("one")
    writer.compose("two")
    assert desk.diary(2, other(desk.outbox)).deliver(3.0).sent == 2


def test_an_entry_that_somebody_keeps_on_holding_is_queued(desk: Desk) -> None:
    """It waits for the other, then says so; the text is on the disk all the time."""
    writer = desk.diary()
    mine = writer.compose("mine")
    desk.outbox.release_all()
    theirs = other(desk.outbox)
    assert theirs.hold(mine.id) == mine
    with pytest.raises(QueuedError, match="another diaryclient is sending it; kept"):
        writer.put(mine, patience=0.1)
    assert desk.server.requests == []


# An entry's time changes only if no server can have stored it


def test_an_entry_that_may_be_stored_keeps_its_time(desk: Desk) -> None:
    """Its answer was lost, then the clock went wrong: the same content again, not a second one."""
    desk.transport.back = lost
    diary = desk.diary()
    with pytest.raises(QueuedError):
        diary.put(diary.compose("once"))
    desk.transport.back = arrives
    desk.server.ahead = 48 * HOUR
    assert diary.deliver(3.0).sent == 1
    assert len(set(puts(desk))) == 1
    assert desk.texts() == ["once"]


def test_an_entry_that_never_left_is_corrected_later(desk: Desk) -> None:
    """The host's name was unknown: nothing was sent, so the first answer still corrects it."""
    failures = iter([UnknownHostError("the host name is not known")])

    def connect() -> Session:
        for failure in failures:
            raise failure
        return desk.connect()

    diary = desk.diary(connect=connect)
    desk.server.ahead = HOUR
    mine = diary.compose("mine")
    with pytest.raises(QueuedError):
        diary.put(mine)
    assert diary.put(mine).at - mine.at == pytest.approx(HOUR, abs=1000)


def test_only_the_server_decides_what_the_future_is(desk: Desk) -> None:
    """The machine's own clock fell back: a stored entry is not moved to where that clock is now."""
    desk.transport.back = lost
    diary = desk.diary()
    with pytest.raises(QueuedError):
        diary.put(diary.compose("once"))
    desk.transport.back = arrives
    desk.clock.wall -= 24 * HOUR
    desk.server.ahead = 24 * HOUR
    assert desk.diary(2).deliver(3.0).sent == 1
    assert len(set(puts(desk))) == 1


# A disk that takes nothing


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_what_the_disk_does_not_take_is_not_sent(desk: Desk, call: str, number: int) -> None:
    """Each way to fail: an error that says so, no file, and not one datagram."""
    desk.outbox.keep(entry(1, "older"))
    with pytest.raises(
        NotKeptError,
        match=re.escape(reason_of(OSError(number, os.strerror(number)), desk.outbox.folder)),
    ):
        with_failing((call,), lambda: keep(desk.diary(), "a text"), number)
    assert [each.text for each in desk.outbox.entries()] == ["older"]
    assert sorted(path.suffix for path in desk.outbox.folder.iterdir()) == [".json"]
    assert desk.transport.sent == []


def test_a_read_only_disk_is_said(desk: Desk) -> None:
    """Nothing is kept and nothing sent."""
    desk.outbox.keep(entry(1, "older"))
    with pytest.raises(NotKeptError, match=r"the disk at .* is read-only"):
        with_read_only_disk(lambda: keep(desk.diary(), "a text"))
    assert desk.transport.sent == []


def test_a_file_that_got_half_onto_the_disk_is_taken_away(desk: Desk) -> None:
    """The disk is full in the middle of the entry."""
    desk.outbox.keep(entry(1, "older"))
    with disk_full_at(300), pytest.raises(NotKeptError, match=os.strerror(errno.EFBIG)):
        keep(desk.diary(), "x" * 500)
    assert [each.text for each in desk.outbox.entries()] == ["older"]
    assert len(list(desk.outbox.folder.iterdir())) == 1
    assert desk.transport.sent == []


def test_older_entries_wait_for_a_disk_that_works(desk: Desk) -> None:
    """Delivering needs to hold them; what a disk refuses is told, and nothing is lost."""
    desk.outbox.keep(entry(1, "older"))
    delivery = with_read_only_disk(lambda: desk.diary().deliver(3.0))
    assert (delivery.sent, delivery.left) == (0, 1)
    assert delivery.problems[0].endswith(" is read-only")
    assert desk.diary().deliver(3.0).sent == 1


def test_a_refusal_is_told_though_it_cannot_be_noted(desk: Desk) -> None:
    """A time that cannot be corrected on the disk is not sent; a refusal is said all the same."""
    desk.server.ahead = HOUR
    diary = desk.diary()
    mine = diary.compose("mine")
    with pytest.raises(QueuedError, match="cannot be used"):
        with_failing(("fsync",), lambda: diary.put(mine))
    assert desk.server.contents == {}
    assert desk.outbox.waiting() == [mine]
    desk.server.refusals.append(ErrorCode.QUOTA)
    with pytest.raises(QuotaError, match="when there is room: diaryclient status"):
        diary.put(mine)


def test_a_full_day_keeps_back_its_own_entries_only(desk: Desk) -> None:
    """Others are sent past it, and it is asked about once a delivery, not for each of its own."""
    diary = desk.diary()
    for days in (0, 0, -1, 0, -2):
        diary.compose(f"of {days}", at=Stamp(desk.clock.wall + days * 24 * HOUR, 0))
    desk.server.refusals.append(ErrorCode.QUOTA)
    delivery = desk.diary().deliver(3.0)
    assert (delivery.sent, delivery.left, len(delivery.problems)) == (2, 3, 1)
    assert {put.text for put in desk.server.contents.values()} == {"of -1", "of -2"}
    assert desk.diary().deliver(3.0).sent == 3


def test_a_full_diary_is_not_asked_about_for_every_day(desk: Desk) -> None:
    """After eight days without room it waits for the next time."""
    diary = desk.diary()
    for days in range(20):
        diary.compose("text", at=Stamp(desk.clock.wall - days * 24 * HOUR, 0))
    desk.server.refusals.extend([ErrorCode.QUOTA] * 20)
    delivery = desk.diary().deliver(3.0)
    assert (delivery.sent, delivery.left, len(delivery.problems)) == (0, 20, 8)
