"""Tokens that give way to their successors, over a network in memory."""

import pytest

from diaryclient.asking.asker import Asker
from diaryclient.diary.open_diary import OpenDiary
from diaryclient.errors import IdentityChangedError, UnreachableError
from diaryclient.home.logins import Login
from diaryclient.home.settings import Choice
from diaryclient.login.care import PAUSE_SECONDS, LoginCare
from diaryclient.login.renewal import RENEWING_SECONDS, change_password, renew
from protocol.envelope import Kind
from protocol.errors import DeniedError, ErrorCode, TokenRevokedError
from protocol.identifiers import Username
from protocol.messages.account import Ping
from tests.client.desk import Desk
from tests.client.fakes import KID, START, FakeServer
from tests.client.network import arrives, lost

DAY = 86_400_000


def stored(desk: Desk) -> Login:
    """Give what the login file holds now."""
    return desk.logins.choose(Choice())


def due(desk: Desk) -> OpenDiary:
    """Give a diary whose server has hinted at a renewal."""
    desk.server.hints = True
    diary = desk.diary()
    diary.whoami()
    assert diary.asker.is_renewal_due
    return diary


def asker_of(desk: Desk) -> Asker:
    """Give what another process would ask with."""
    return desk.diary(7).asker


def test_a_hint_in_any_reply_is_heard(desk: Desk) -> None:
    """In an answer to one question or to several, and only then."""
    diary = desk.diary()
    diary.put(diary.compose("a text"))
    assert not diary.asker.is_renewal_due
    desk.server.hints = True
    [day] = list(diary.entries(diary.today(), diary.today()))
    assert day.entries
    assert diary.asker.is_renewal_due


def test_a_due_login_is_replaced_saved_and_used(desk: Desk) -> None:
    """The successor stands in the file, under the id of the old one, and was used once."""
    before = stored(desk)
    diary = due(desk)
    desk.server.hints = False
    assert LoginCare().look_after(diary) == []
    after = stored(desk)
    assert after.kid != before.kid == after.line == after.id
    assert after == diary.login
    assert after._replace(kid=before.kid, root=before.root, line=b"", expires=0) == before
    assert after.expires > START
    assert isinstance(desk.server.requests[-1][1], Ping)
    assert not diary.asker.is_renewal_due
    diary.put(diary.compose("under the successor"))
    assert desk.texts() == ["under the successor"]


def test_a_second_renewal_keeps_the_id(desk: Desk) -> None:
    """The line's first kid stays its name."""
    for _ in range(2):
        renew(due(desk).asker)
    assert stored(desk).id == KID
    assert stored(desk).kid not in {KID, stored(desk).line}


def test_nothing_is_renewed_without_a_hint(desk: Desk) -> None:
    """Most commands say neither HELLO nor LOGIN."""
    diary = desk.diary()
    diary.whoami()
    assert LoginCare().look_after(diary) == []
    assert set(desk.server.kinds) == {Kind.REQUEST}


def test_who_comes_second_skips_or_takes_what_the_first_got(desk: Desk) -> None:
    """Two processes make one successor."""
    diary = due(desk)
    with desk.logins.hold(diary.login.name):
        renew(diary.asker)
    assert stored(desk).kid == KID
    other = asker_of(desk)
    renew(diary.asker)
    renew(other)
    assert other.login == stored(desk) == diary.login
    assert len(desk.server.proven) == 1


def test_a_login_that_was_removed_is_not_renewed(desk: Desk) -> None:
    """Logging out wins."""
    diary = due(desk)
    with desk.logins.hold(diary.login.name) as held:
        held.remove()
    renew(diary.asker)
    assert desk.server.proven == []


def test_a_lost_grant_keeps_the_old_token_and_asks_again(desk: Desk) -> None:
    """Nobody is locked out: the old token works, the next attempt gets another successor."""
    diary = due(desk)
    desk.transport.back = lambda data: [] if data[2] == Kind.GRANT else [(0.01, data)]
    began = desk.clock.monotonic
    with pytest.raises(UnreachableError):
        renew(diary.asker)
    assert desk.clock.monotonic - began <= RENEWING_SECONDS
    assert stored(desk).kid == KID
    desk.transport.back = arrives
    diary.put(diary.compose("still the old one"))
    renew(diary.asker)
    assert len(desk.server.proven) == 2
    assert stored(desk).kid == list(desk.server.account.tokens)[-1]


def test_an_unused_successor_is_used_by_the_next_command(desk: Desk) -> None:
    """The GRANT came, the ping did not: the file has the successor all the same."""
    diary = due(desk)
    desk.transport.there = lambda data: [] if data[2] == Kind.REQUEST else [(0.01, data)]
    assert LoginCare().look_after(diary) == []
    assert stored(desk).kid != KID
    desk.transport.there = arrives
    assert desk.diary(3).whoami().user == Username("alice")


def test_another_identity_is_told_loudly_and_gets_nothing(desk: Desk) -> None:
    """No proof goes to a server that is not the pinned one, and the old token stays."""
    diary = due(desk)
    desk.server.identity = FakeServer(desk.clock).identity
    with pytest.raises(IdentityChangedError, match="told nothing"):
        renew(diary.asker)
    [told] = LoginCare().look_after(diary)
    assert f"--fingerprint {desk.server.fingerprint}" in told
    assert Kind.LOGIN not in desk.server.kinds
    assert stored(desk).kid == KID


@pytest.mark.parametrize("code", [ErrorCode.INVALID, ErrorCode.RATE, ErrorCode.QUOTA])
def test_a_refused_renewal_is_silent(desk: Desk, code: ErrorCode) -> None:
    """There is nothing to do about it until the end comes near."""
    diary = due(desk)
    desk.server.refusals.append(code)
    assert LoginCare().look_after(diary) == []
    assert stored(desk).kid == KID


def test_a_program_that_runs_for_days_tries_again_after_ten_minutes(desk: Desk) -> None:
    """Not at every answer, though each hints."""
    diary, care = due(desk), LoginCare()
    desk.server.refusals.append(ErrorCode.RATE)
    care.look_after(diary)
    care.look_after(diary)
    assert len(desk.server.logins) == 1
    desk.clock.monotonic += 601
    care.look_after(diary)
    assert stored(desk).kid != KID


def test_a_server_that_does_not_answer_costs_one_command_its_wait(desk: Desk) -> None:
    """And no other program within ten minutes; then the next one tries."""
    diary = due(desk)
    desk.transport.back = lost
    began = desk.clock.monotonic
    LoginCare().look_after(diary)
    assert desk.clock.monotonic > began
    desk.transport.back = arrives
    others = [desk.diary(20 + number) for number in range(3)]
    for other in others:
        other.whoami()
        assert other.asker.is_renewal_due
        before = len(desk.server.kinds)
        LoginCare().look_after(other)
        assert len(desk.server.kinds) == before
    desk.clock.monotonic += PAUSE_SECONDS
    LoginCare().look_after(others[0])
    assert stored(desk).kid != KID


def test_a_wrong_clock_renews_all_the_same(desk: Desk) -> None:
    """By the server's time, which a signed refusal has told."""
    desk.server.ahead = 30 * DAY
    desk.server.not_before = START + 30 * DAY - 3_600_000
    diary = due(desk)
    LoginCare().look_after(diary)
    assert stored(desk).kid != KID
    assert stored(desk).offset == pytest.approx(30 * DAY, abs=1000)


def test_a_clock_is_not_corrected_over_a_renewed_login(desk: Desk) -> None:
    """Whoever corrects the clock under the old token does not bring it back."""
    other = asker_of(desk)
    renew(due(desk).asker)
    desk.server.ahead = 2 * DAY
    other.ask(Ping(), type(desk.diary().whoami()))
    assert stored(desk).kid != KID


def test_another_process_renewed_it(desk: Desk) -> None:
    """A program that runs on takes the successor from the file."""
    other = asker_of(desk)
    renew(due(desk).asker)
    other.take_newer()
    assert other.login == stored(desk)


def password(desk: Desk, current: str, *, keep: bool = False) -> Asker:
    """Change the password to `a new password`."""
    asker = asker_of(desk)
    change_password(asker, current, "a new password", keep=keep)
    return asker


def test_a_new_password_brings_a_new_token(desk: Desk) -> None:
    """The file has it; the old password is none any more."""
    asker = password(desk, "correct horse")
    assert desk.server.account.password == "a new password"
    assert stored(desk) == asker.login
    assert stored(desk).kid != KID
    with pytest.raises(DeniedError):
        password(desk, "correct horse")


@pytest.mark.parametrize("keep", [False, True])
def test_other_tokens_end_unless_they_are_kept(desk: Desk, *, keep: bool) -> None:
    """The one that asks stays in either case."""
    account = desk.server.account
    other = account._make("phone", "full", 0)
    password(desk, "correct horse", keep=keep)
    assert (other.ended is None) == keep
    desk.diary(9).whoami()


def test_a_renewal_under_way_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the password is changed with what it brought."""
    other = asker_of(desk)
    renew(due(desk).asker)
    monkeypatch.setattr(desk.server, "hints", False)
    change_password(other, "correct horse", "a new password", keep=False)
    assert stored(desk).id == KID
    assert len(desk.server.account.tokens) == 3


def test_a_revoked_login_cannot_be_renewed(desk: Desk) -> None:
    """And says what to type."""
    diary = due(desk)
    desk.server.account.tokens[KID].ended = ErrorCode.REVOKED
    with pytest.raises(TokenRevokedError, match=r"log in again: diaryclient login diary.test"):
        renew(diary.asker)


@pytest.mark.parametrize(
    ("days", "life", "is_told"),
    [
        (15, 90.0, False),
        (13.9, 90.0, True),
        (0.5, 90.0, True),
        (13.9, None, True),
        # Of a life of twelve hours, the last four are near its end.
        (0.3, 0.5, False),
        (0.1, 0.5, True),
    ],
)
def test_the_end_is_announced_when_it_is_near(
    desk: Desk, days: float, life: float | None, *, is_told: bool
) -> None:
    """Two weeks before, once a day; a token from the environment (no known life) as well."""
    end = START + round(days * DAY)
    diary = desk.diary()
    created = 0 if life is None else end - round(life * DAY)
    diary.asker.adopt(
        diary.login._replace(expires=end, created=created, is_stored=life is not None)
    )
    assert len(LoginCare().look_after(diary)) == is_told
    assert LoginCare().look_after(diary) == []
    desk.clock.monotonic += DAY / 1000
    assert len(LoginCare().look_after(diary)) == 1 or days == 15


def test_the_announcement_says_what_to_type(desk: Desk) -> None:
    """For a login and for a token that somebody lent."""
    diary = desk.diary()
    login = diary.login._replace(expires=START + DAY, created=START - 90 * DAY)
    diary.asker.adopt(login)
    [told] = LoginCare().look_after(diary)
    assert (
        told
        == "this login ends on 2026-11-19; log in again: diaryclient login diary.test:8888 alice"
    )
    desk.clock.monotonic += 86_400
    diary.asker.adopt(login._replace(is_stored=False))
    [told] = LoginCare().look_after(diary)
    assert told.startswith("the token in DIARY_TOKEN ends on 2026-11-19; put another token")


def test_no_login_is_announced_that_never_ends(desk: Desk) -> None:
    """Never means never."""
    assert LoginCare().look_after(desk.diary()) == []


def test_a_lent_token_is_never_renewed(desk: Desk) -> None:
    """Nothing could be stored."""
    diary = due(desk)
    diary.asker.adopt(diary.login._replace(is_stored=False))
    diary.whoami()
    assert diary.asker.is_renewal_due
    assert LoginCare().look_after(diary) == []
    assert desk.server.proven == []


def test_silence_costs_a_renewal_three_seconds(desk: Desk) -> None:
    """The command's answer is there already, and its prompt should be soon."""
    diary = due(desk)
    desk.transport.there = lost
    began = desk.clock.monotonic
    assert LoginCare().look_after(diary) == []
    assert desk.clock.monotonic - began <= RENEWING_SECONDS
