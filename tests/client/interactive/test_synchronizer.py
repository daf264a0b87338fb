"""What an interactive diary tells while its server, other devices and the calendar do as they like.

The network is in memory, the clock moves only when somebody waits.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from diaryclient.asking.polling import LONGEST_PAUSE, POLL_SECONDS
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import NotLoggedInError
from diaryclient.home.outbox import Entry
from diaryclient.home.settings import Choice
from diaryclient.interactive.synchronizer import Synchronizer
from diaryclient.login.renewal import renew
from protocol.errors import ErrorCode
from protocol.identifiers import Day, EntryId
from protocol.messages.diary import Days
from protocol.messages.writing import Put
from tests.client.desk import Desk
from tests.client.fakes import KID, START, login_to
from tests.client.network import arrives, lost

DAY_MILLISECONDS = 86_400_000


class Screen:
    """A synchronizer as the prompt uses it, and all that it has told."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.told: list[str] = []
        self._seeds = count(100)
        self.sync = Synchronizer(self._open, desk.clock)

    def _open(self) -> OpenDiary:
        return self.desk.diary(next(self._seeds))

    def type(self, text: str) -> Entry:
        """Type a line."""
        entry = self.sync.diary.compose(text)
        self.sync.note_composed(entry)
        self.told += self.sync.send(entry)
        return entry

    def hears(self, job: Callable[[], list[str]]) -> list[str]:
        """Do a job and give what it tells."""
        said = job()
        self.told += said
        return said

    def tick(self) -> list[str]:
        """Wait for the next look, and look."""
        self.desk.clock.monotonic += self.sync.pause
        return self.hears(self.sync.tick)


@pytest.fixture
def screen(desk: Desk) -> Screen:
    """A screen that shows an empty day."""
    shown = Screen(desk)
    shown.hears(shown.sync.show)
    shown.told.clear()
    return shown


def elsewhere(desk: Desk, text: str, seed: int) -> None:
    """Write on another device."""
    diary = desk.diary(seed)
    diary.put(diary.compose(text))


def go_away(desk: Desk) -> None:
    """Let the server fall silent."""
    desk.transport.there = lost


def come_back(desk: Desk) -> None:
    """Let the server answer again."""
    desk.transport.there = arrives


def test_others_entries_are_told_and_own_ones_are_not(screen: Screen) -> None:
    """Once each, in the order in which they came, each read once."""
    screen.type("mine")
    elsewhere(screen.desk, "theirs", 7)
    [said] = screen.tick()
    assert said.endswith(" theirs")
    screen.type("mine again")
    assert screen.tick() == []
    elsewhere(screen.desk, "x" * 1000, 8)
    elsewhere(screen.desk, "y" * 1000, 9)
    assert [said[-3:] for said in screen.tick()] == ["xxx", "yyy"]
    assert screen.tick() == []


def changed(desk: Desk, entry: EntryId, text: str | None, seed: int) -> None:
    """Give an entry another text on another device, or remove it there."""
    diary = desk.diary(seed)
    history = diary.history(diary.today(), entry)
    assert history
    if text is None:
        diary.remove(history)
    else:
        diary.amend(history, text, star=True)


def restored(desk: Desk, entry: EntryId, seed: int) -> None:
    """Take the last change of an entry back on another device."""
    diary = desk.diary(seed)
    history = diary.history(diary.today(), entry)
    assert history
    diary.restore(history)


def test_the_removed_and_the_changed_are_shown_as_they_stand(screen: Screen) -> None:
    """At the beginning and by -r."""
    first, second = screen.type("first"), screen.type("second")
    changed(screen.desk, first.id, "first, amended", 7)
    changed(screen.desk, second.id, None, 8)
    heading, shown = screen.hears(screen.sync.show)
    assert heading == "2026-11-18 alice@diary.test:8888"
    assert shown.endswith(f"{first.id.hex()[-5:]} * first, amended")
    assert screen.tick() == []
    heading, again = Screen(screen.desk).sync.show()
    assert again == shown


def test_changes_made_elsewhere_are_told(screen: Screen) -> None:
    """Of own entries too, each as it stands then, and once."""
    mine = screen.type("mine")
    screen.tick()
    changed(screen.desk, mine.id, "two\nlines", 7)
    name = mine.id.hex()[-5:]
    assert screen.tick() == [f"amended 11:06 {name} * two\n| lines"]
    changed(screen.desk, mine.id, None, 8)
    assert screen.tick() == [f"removed {name}"]
    restored(screen.desk, mine.id, 9)
    assert screen.tick() == [f"restored 11:06 {name} * two\n| lines"]
    restored(screen.desk, mine.id, 10)
    assert screen.tick() == [f"restored 11:06 {name} mine"]
    assert screen.tick() == []


def test_a_change_that_comes_before_the_first_look_is_told(screen: Screen) -> None:
    """What was typed here stands on the screen; that it is another by now is news."""
    first, second = screen.type("first"), screen.type("second")
    changed(screen.desk, first.id, None, 7)
    changed(screen.desk, second.id, "another", 8)
    removed, amended = screen.tick()
    assert removed == f"removed {first.id.hex()[-5:]}"
    assert amended.endswith("* another")


def test_what_was_removed_before_anybody_saw_it_is_not_told(screen: Screen) -> None:
    """Neither the text nor that there was one; if it comes back it is new."""
    elsewhere(screen.desk, "hidden", 7)
    [entry] = screen.desk.standing()
    changed(screen.desk, entry, None, 8)
    assert screen.tick() == []
    restored(screen.desk, entry, 9)
    [said] = screen.tick()
    assert said.endswith(" hidden")


def test_a_cleared_day_that_comes_back_is_told_again(screen: Screen) -> None:
    """Cleared here or elsewhere: its entries are there, and so they are shown."""
    screen.type("mine")
    screen.tick()
    other = screen.desk.diary(7)

    def recover() -> None:
        *_, archive = other.archives()
        other.recover(archive)

    other.clear(next(other.days(other.today(), other.today())))
    assert screen.tick() == ["today was cleared elsewhere"]
    recover()
    assert [said[-4:] for said in screen.tick()] == ["mine"]
    plan = screen.sync.plan_clear()
    assert plan.row
    screen.sync.clear(plan.row, plan.entries)
    assert screen.tick() == []
    recover()
    assert [said[-4:] for said in screen.tick()] == ["mine"]


def test_a_day_that_was_cleared_and_recovered_between_two_looks_is_no_news(screen: Screen) -> None:
    """Whatever its generation is then: nothing of it is missing."""
    screen.type("mine")
    screen.tick()
    other = screen.desk.diary(7)
    other.clear(next(other.days(other.today(), other.today())))
    [archive] = other.archives()
    other.recover(archive)
    screen.desk.server.generations[other.today()] = 999_999
    assert screen.tick() == []


def test_a_generation_is_not_foreseen(screen: Screen) -> None:
    """After a clearing here any other may come; what is written then is told once."""
    screen.type("mine")
    plan = screen.sync.plan_clear()
    assert plan.row
    screen.sync.clear(plan.row, plan.entries)
    screen.desk.server.generations[plan.row.day] = 5
    elsewhere(screen.desk, "theirs", 7)
    assert [said[-6:] for said in screen.tick()] == ["theirs"]
    screen.desk.server.generations[plan.row.day] = 3
    elsewhere(screen.desk, "more", 8)
    assert [said[-4:] for said in screen.tick()] == ["more"]


def test_the_question_counts_what_is_shown(screen: Screen) -> None:
    """Removed entries are none that could be lost."""
    screen.type("one")
    changed(screen.desk, screen.type("two").id, None, 7)
    assert screen.sync.plan_clear().entries == 1


@pytest.mark.parametrize("code", [ErrorCode.BUSY, ErrorCode.STORAGE])
def test_a_clearing_whose_outcome_is_open_is_called_open(screen: Screen, code: ErrorCode) -> None:
    """The server says that it does not know, and so does the prompt."""
    screen.type("mine")
    plan = screen.sync.plan_clear()
    assert plan.row
    screen.desk.server.clear_refused = code
    assert "may be cleared or not" in screen.sync.clear(plan.row, plan.entries)[0]


def test_a_look_without_news_asks_one_question(screen: Screen) -> None:
    """So that it may be repeated all day."""
    screen.type("mine")
    screen.tick()
    asked = len(screen.desk.server.requests)
    assert screen.tick() == []
    assert [type(request) for _, request in screen.desk.server.requests[asked:]] == [Days]


def test_while_the_server_is_away_entries_are_queued_at_once(screen: Screen) -> None:
    """Only the first waits for an answer and says why; all are saved, in order, afterwards."""
    go_away(screen.desk)
    first = screen.type("first")
    assert screen.told[-1].startswith(f"queued {first.id.hex()[-5:]}: no answer from diary.test")
    began = screen.desk.clock.monotonic
    second = screen.type("second")
    assert screen.desk.clock.monotonic == began
    assert screen.told[-1] == f"queued {second.id.hex()[-5:]}"
    assert screen.tick() == []
    come_back(screen.desk)
    assert [said.split()[:2] for said in screen.tick()] == [
        ["saved", first.id.hex()[-5:]],
        ["saved", second.id.hex()[-5:]],
    ]
    assert screen.tick() == []
    assert screen.desk.texts() == ["first", "second"]
    screen.type("third")
    assert screen.told[-1].startswith("saved")


def test_one_who_is_told_of_the_silence_by_no_line_hears_why_with_the_first(screen: Screen) -> None:
    """A silence that only a look for news has met is not told before it matters."""
    go_away(screen.desk)
    assert screen.tick() == []
    screen.type("first")
    screen.type("second")
    assert ["no answer" in said for said in screen.told] == [True, False]


def test_pauses_grow_while_the_server_is_away_and_end_when_somebody_types(screen: Screen) -> None:
    """A server that is down is not hammered."""
    go_away(screen.desk)
    pauses = []
    for _ in range(6):
        screen.tick()
        pauses.append(screen.sync.pause)
    assert pauses == [POLL_SECONDS, 4.0, 8.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    screen.type("somebody is there")
    assert screen.sync.pause == POLL_SECONDS
    come_back(screen.desk)
    screen.tick()
    assert screen.sync.pause == POLL_SECONDS


def test_news_come_again_after_a_silence_in_which_nobody_typed(screen: Screen) -> None:
    """Without a word about the silence, which troubled nobody."""
    go_away(screen.desk)
    assert screen.tick() == []
    come_back(screen.desk)
    elsewhere(screen.desk, "theirs", 7)
    assert [said[-6:] for said in screen.tick()] == ["theirs"]


def test_after_a_silence_new_sockets_are_used(screen: Screen) -> None:
    """A laptop that has moved keeps no address of the old network."""
    go_away(screen.desk)
    old = screen.sync.diary
    screen.tick()
    screen.tick()
    assert screen.sync.diary is not old
    assert screen.desk.transport.closed


def test_an_answer_that_got_lost_stores_nothing_twice(screen: Screen) -> None:
    """The entry is queued, is not taken for another device's, and is saved once."""
    screen.desk.transport.back = lost
    screen.type("once")
    assert screen.told[-1].startswith("queued")
    screen.desk.transport.back = arrives
    [said] = screen.tick()
    assert said.startswith("saved")
    assert screen.tick() == []
    assert screen.desk.texts() == ["once"]


def test_a_tick_that_was_faster_than_the_line_leaves_nothing_to_tell(screen: Screen) -> None:
    """The entry is in the outbox before its turn has come."""
    entry = screen.sync.diary.compose("fast")
    screen.sync.note_composed(entry)
    [said] = screen.tick()
    assert said.startswith("saved")
    assert screen.sync.send(entry) == []


def test_a_start_without_a_server_shows_the_day_when_it_comes(desk: Desk) -> None:
    """And what waits meanwhile."""
    elsewhere(desk, "before", 7)
    go_away(desk)
    screen = Screen(desk)
    heading, problem = screen.hears(screen.sync.show)
    assert heading == "2026-11-18 alice@diary.test:8888"
    assert problem.startswith("today cannot be shown: no answer from diary.test:8888")
    screen.type("typed meanwhile")
    assert screen.hears(screen.sync.show)[2:][0] == "queued, not on the server yet:"
    assert screen.told[-1].endswith("typed meanwhile")
    come_back(desk)
    said = screen.tick()
    assert said[0].startswith("saved")
    assert said[1] == heading
    assert [each[-6:] for each in said[2:]] == ["before", "nwhile"]


def test_midnight_begins_a_day_with_a_heading(screen: Screen) -> None:
    """Entries of the new day are told under it."""
    screen.type("late")
    screen.tick()
    screen.desk.clock.wall += DAY_MILLISECONDS
    elsewhere(screen.desk, "early", 7)
    heading, said = screen.tick()
    assert heading == "2026-11-19 alice@diary.test:8888"
    assert said.endswith("early")
    assert screen.tick() == []


def test_a_day_that_is_cleared_elsewhere_is_told(screen: Screen) -> None:
    """Once, and what was written since."""
    screen.type("mine")
    screen.tick()
    other = screen.desk.diary(7)
    other.clear(next(other.days(other.today(), other.today())))
    elsewhere(screen.desk, "new", 8)
    cleared, said = screen.tick()
    assert cleared == "today was cleared elsewhere"
    assert said.endswith("new")
    assert screen.tick() == []


def test_a_day_that_is_cleared_while_it_is_read_is_read_again(screen: Screen) -> None:
    """Nothing of both is mixed; if it never ends, that is told."""
    screen.type("mine")
    screen.tick()
    elsewhere(screen.desk, "theirs", 7)
    server = screen.desk.server

    def clear_once() -> None:
        server.before_read = lambda: None
        clear()

    def clear() -> None:
        day = screen.sync.diary.today()
        server.generations[day] = server.generations.get(day, 0) + 1

    server.before_read = clear_once
    assert [said[-6:] for said in screen.tick()] == ["theirs"]
    elsewhere(screen.desk, "more", 8)
    server.before_read = clear
    assert screen.tick() == ["the day changed on the server meanwhile"]


def test_what_is_cleared_here_is_no_news(screen: Screen) -> None:
    """Neither the clearing, nor the entries after it are told twice."""
    screen.type("mine")
    plan = screen.sync.plan_clear()
    assert plan.row
    assert screen.sync.clear(plan.row, plan.entries) == [
        "cleared 2026-11-18, 1 entry; to bring it back: diaryclient recover 2026-11-18"
    ]
    assert screen.tick() == []
    screen.type("after")
    assert screen.tick() == []
    assert screen.desk.texts() == ["after"]


def test_a_day_that_changed_since_the_question_is_not_cleared(screen: Screen) -> None:
    """It says so."""
    screen.type("mine")
    plan = screen.sync.plan_clear()
    assert plan.row
    other = screen.desk.diary(7)
    other.clear(plan.row)
    elsewhere(screen.desk, "not seen here", 8)
    [said] = screen.sync.clear(plan.row, plan.entries)
    assert "the day changed" in said
    assert "nothing was cleared" in said
    assert screen.desk.texts() == ["not seen here"]


def test_nothing_is_cleared_without_a_server_or_without_entries(screen: Screen) -> None:
    """And a clearing whose answer is lost is called open."""
    assert screen.sync.plan_clear().reason == "today is empty already"
    screen.type("mine")
    plan = screen.sync.plan_clear()
    go_away(screen.desk)
    assert screen.sync.plan_clear().reason.startswith("nothing was cleared: no answer")
    assert plan.row
    assert "may be cleared or not" in screen.sync.clear(plan.row, plan.entries)[0]
    come_back(screen.desk)
    screen.desk.server.refusals.append(ErrorCode.SCOPE)
    assert screen.sync.clear(plan.row, plan.entries)[0].startswith(
        "nothing was cleared: this login may not"
    )


def test_a_refused_login_says_what_to_type_and_a_new_one_is_used(screen: Screen) -> None:
    """Without a restart: the next line goes with the login that is there then."""
    screen.desk.server.refusals.append(ErrorCode.REVOKED)
    entry = screen.type("kept")
    assert "log in again: diaryclient login diary.test:8888 alice" in screen.told[-1]
    assert screen.sync.diary.outbox.path(entry.id).exists()
    screen.desk.logins.save(login_to(screen.desk.server)._replace(created=START + 1))
    screen.sync.diary.outbox.release_login_refusals()
    assert screen.tick()[0].startswith("saved")
    assert screen.sync.diary.login.created == START + 1


def test_a_token_that_the_server_forgot_is_told_once(screen: Screen) -> None:
    """A look for news that is refused again and again does not fill the screen."""
    screen.desk.server.knows_token = False
    assert ["does not know this login" in said for said in screen.tick()] == [True]
    assert screen.tick() == []
    screen.desk.server.knows_token = True
    assert screen.tick() == []
    screen.desk.server.knows_token = False
    assert ["does not know this login" in said for said in screen.tick()] == [True]


def test_a_login_that_may_only_write_writes(screen: Screen) -> None:
    """Reading is refused once in words, and no line is held up."""
    screen.desk.server.refusals.append(ErrorCode.SCOPE)
    assert "may not do that" in screen.tick()[0]
    screen.desk.server.refusals.append(ErrorCode.SCOPE)
    assert screen.tick() == []
    screen.type("written")
    assert screen.told[-1].startswith("saved")


def test_a_full_server_is_told_with_each_line_but_not_with_each_look(screen: Screen) -> None:
    """What waits is tried again after a while, and saved when there is room."""
    screen.desk.server.refusals.extend([ErrorCode.QUOTA, ErrorCode.QUOTA])
    screen.type("first")
    assert "room on the server is used up" in screen.told[-1]
    assert screen.tick() == []
    assert not screen.desk.server.refusals
    puts = len([put for _, put in screen.desk.server.requests if isinstance(put, Put)])
    assert screen.tick() == []
    assert len([put for _, put in screen.desk.server.requests if isinstance(put, Put)]) == puts
    screen.desk.clock.monotonic += LONGEST_PAUSE
    assert screen.tick()[0].startswith("saved")


def test_a_text_that_is_refused_for_good_does_not_stop_others(screen: Screen) -> None:
    """It is told where it lies."""
    first, second = screen.sync.diary.compose("bad"), screen.sync.diary.compose("good")
    screen.sync.note_composed(first)
    screen.sync.note_composed(second)
    screen.desk.server.refusals.append(ErrorCode.INVALID)
    refused, saved = screen.tick()
    assert str(screen.sync.diary.outbox.path(first.id)) in refused
    assert saved == f"saved {second.id.hex()[-5:]} 11:06"
    assert screen.tick() == []


def test_on_leaving_what_waits_is_counted(screen: Screen) -> None:
    """Nothing is said when nothing waits."""
    assert screen.sync.left_behind() == []
    go_away(screen.desk)
    screen.type("one")
    screen.type("two")
    assert screen.sync.left_behind() == ["2 entries wait in the outbox for the next diaryclient"]


def test_an_outbox_that_cannot_be_read_is_told_once(screen: Screen) -> None:
    """And others' entries are told all the same."""
    elsewhere(screen.desk, "theirs", 7)
    path = screen.desk.outbox.path(EntryId.make(START, b"0" * 10))
    path.symlink_to(path)
    problem, news = screen.tick()
    assert problem == "the outbox cannot be used: Too many levels of symbolic links"
    assert news.endswith("theirs")
    assert screen.tick() == []


def test_a_login_that_vanished_is_no_crash(desk: Desk) -> None:
    """The old one goes on, and the server says what it thinks of it."""
    opened: list[OpenDiary] = []

    def open_once() -> OpenDiary:
        if opened:
            raise NotLoggedInError("there is no login yet")
        opened.append(desk.diary())
        return opened[0]

    sync = Synchronizer(open_once, desk.clock)
    go_away(desk)
    sync.tick()
    come_back(desk)
    assert sync.tick()[0].startswith("2026-11-18")
    assert sync.diary.login.kid == KID
    assert sync.diary.today() == Day("2026-11-18")


def test_a_due_login_is_renewed_in_between(screen: Screen) -> None:
    """Without a word, and once."""
    screen.desk.server.hints = True
    assert screen.tick() == []
    assert screen.sync.diary.login.kid != KID
    assert screen.sync.diary.login == screen.desk.logins.choose(Choice())
    screen.tick()
    screen.tick()
    assert len(screen.desk.server.proven) == 1
    screen.desk.server.hints = False
    screen.type("under the successor")
    assert screen.told[-1].startswith("saved ")


def test_what_another_process_renewed_is_used_before_the_old_token_ends(screen: Screen) -> None:
    """A prompt that stays open for weeks hears no EXPIRED."""
    other = screen.desk.diary(5)
    screen.desk.server.hints = True
    other.whoami()
    renew(other.asker)
    screen.desk.server.hints = False
    screen.desk.server.account.tokens[KID].ended = ErrorCode.EXPIRED
    screen.type("still here")
    assert screen.told[-1].startswith("saved ")
    assert screen.tick() == []


def test_a_renewal_that_is_refused_is_not_tried_at_every_look(screen: Screen) -> None:
    """Only every ten minutes, and silently."""
    screen.desk.server.hints = True
    screen.desk.server.account.tokens[KID].fixed = True
    for _ in range(5):
        assert screen.tick() == []
    assert len(screen.desk.server.proven) == 1


def test_the_end_of_a_login_is_told_while_typing(screen: Screen) -> None:
    """Once a day."""
    login = screen.sync.diary.login._replace(expires=START + 3 * DAY_MILLISECONDS, created=START)
    screen.desk.logins.save(login._replace(created=START - 90 * DAY_MILLISECONDS, kid=b"kid-0009"))
    token = screen.desk.server.account.tokens[KID]
    screen.desk.server.account.tokens[b"kid-0009"] = replace(token, kid=b"kid-0009")
    [told] = screen.tick()
    assert told.startswith("this login ends on ")
    assert screen.tick() == []
