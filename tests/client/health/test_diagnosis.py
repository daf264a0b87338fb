"""What `doctor` makes of what was seen: from observations alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from diaryclient.diary.open_diary import Pong
from diaryclient.errors import (
    ClocksDifferError,
    LoginFileError,
    NobodyListensError,
    NotLoggedInError,
    SilentServerError,
    UnknownHostError,
    UnreachableError,
)
from diaryclient.health.diagnosis import (
    Finding,
    Greeted,
    Kept,
    Observations,
    State,
    diagnose,
    exit_status,
)
from diaryclient.health.openness import Exposed
from diaryclient.health.queues import Queue
from protocol.address import Address
from protocol.errors import (
    BusyError,
    MalformedError,
    TokenExpiredError,
    TokenRevokedError,
    UsageError,
)
from protocol.messages.account import Identity
from tests.client.fakes import ALICE, START, FakeClock, FakeServer, login_to

LOGIN = login_to(FakeServer(FakeClock()))
GREETED = Greeted(LOGIN.fingerprint, 1.5)
PONG = Pong(0.4, 0, Identity(ALICE, "full", START, START))
WELL = Observations((), LOGIN, ("192.0.2.1",), GREETED, PONG, "until 2027-02-21 (89 days left)")
SILENT = SilentServerError("no answer from diary.test:8888 within 6 seconds")
AT_HOME = LOGIN._replace(address=Address("127.0.0.1", 8888))


def problems(seen: Observations) -> list[Finding]:
    """Give the findings that are problems."""
    return [each for each in diagnose(seen) if each.state is State.PROBLEM]


def test_all_is_well() -> None:
    """Every check says ok, none asks for anything, and the status is 0."""
    findings = diagnose(WELL)
    assert {each.state for each in findings} == {State.OK}
    assert all(each.words and not each.advice and not each.status for each in findings)
    assert [each.check for each in findings] == [
        *("config", "login", "name", "server", "identity", "token", "clock", "files", "disk"),
        *("outbox", "drafts"),
    ]
    assert exit_status(findings) == 0


@pytest.mark.parametrize(
    ("seen", "check", "status", "words"),
    [
        (replace(WELL, config=UsageError("x: no such key")), "config", 2, "docs/CLIENT.md"),
        (
            Observations((), NotLoggedInError("no login yet; type: diaryclient login HOST USER")),
            *("login", 3, "diaryclient login HOST USER"),
        ),
        (Observations((), LoginFileError("chmod 600 x")), "login", 3, "chmod 600 x"),
        (
            replace(WELL, addresses=UnknownHostError("not known"), greeted=None, pong=None),
            *(
                "name",
                4,
                "another address now, type: diaryclient move diary.test:8888 NEW",
            ),
        ),
        (
            replace(WELL, greeted=NobodyListensError("nothing listens"), pong=None),
            *(
                "server",
                4,
                "start the server; if it has another address now, type:",
            ),
        ),
        (replace(WELL, greeted=SILENT, pong=None), "server", 4, "ssh -t diary.test diaryclient"),
        (
            replace(WELL, login=AT_HOME, greeted=SILENT, pong=None),
            *("server", 4, "firewall of this machine"),
        ),
        (
            replace(WELL, greeted=UnreachableError("Network is unreachable"), pong=None),
            *("server", 4, "this machine's network"),
        ),
        (
            replace(WELL, greeted=Greeted("SHA256:other", 1.0), pong=None),
            *("identity", 3, "diaryclient login diary.test:8888 alice --fingerprint SHA256:other"),
        ),
        (replace(WELL, pong=TokenExpiredError("log in again: x")), "token", 3, "log in again"),
        (replace(WELL, pong=TokenRevokedError("log in again: x")), "token", 3, "log in again"),
        (replace(WELL, pong=NotLoggedInError("does not know it; x")), "token", 3, "not know"),
        (replace(WELL, pong=SILENT), "token", 4, "try again"),
        (replace(WELL, pong=BusyError()), "token", 6, "try again"),
        (replace(WELL, pong=replace(PONG, ahead=-31_000)), "clock", 1, "31000 ms behind; set the"),
        (
            replace(WELL, exposed=Exposed(Path("/s"), (Path("/s/a"),))),
            *("files", 1, "/s/a; if nobody has copied them, type: chmod -R go-rwx /s"),
        ),
        (
            replace(WELL, exposed=Exposed(changeable=(Path("/a b"), Path("/c")))),
            *("files", 1, "others may change or exchange: /a b, /c; type: chmod go-w '/a b' /c"),
        ),
        (
            replace(WELL, exposed=Exposed(foreign=(Path("/s"),))),
            *(
                "files",
                1,
                "of another user: /s; that user, or root after sudo, must give them back",
            ),
        ),
        (
            replace(WELL, exposed=Exposed(readable=tuple(map(Path, "abcde")))),
            *("files", 1, "a, b, c and 2 more"),
        ),
        (
            replace(WELL, unwritable="/s/outbox: the disk at /s is full"),
            *("disk", 1, "/s/outbox: the disk at /s is full; mend that; until then"),
        ),
        (
            replace(WELL, kept=Kept(2, queues=(Queue(LOGIN.name, 2),))),
            *("outbox", 5, f"2 of {LOGIN.name}: type diaryclient outbox flush"),
        ),
        (
            replace(WELL, kept=Kept(2, queues=(Queue("bob@b.test:9", 2),))),
            *("outbox", 5, "type diaryclient --server b.test:9 --user bob outbox flush"),
        ),
        (
            replace(WELL, kept=Kept(1, queues=(Queue("bob@b.test:9", 1, has_login=False),))),
            *("outbox", 5, "type diaryclient login b.test:9 bob, or if that server has another"),
        ),
        (
            replace(WELL, kept=Kept(1, queues=(Queue("bob@[::1]:9", 1, same=LOGIN.address),))),
            *("outbox", 5, f"now, type diaryclient move '[::1]:9' {LOGIN.address}"),
        ),
        (replace(WELL, kept=Kept(2, 1)), "outbox", 6, "diaryclient outbox list"),
        (replace(WELL, kept=Kept(0, 0, (Path("/x"),))), "outbox", 1, "damaged: /x"),
    ],
)
def test_each_problem_has_its_status_and_says_what_to_do(
    seen: Observations, check: str, status: int, words: str
) -> None:
    """One problem alone: what depends on it is unknown, the rest is well."""
    findings = diagnose(seen)
    [problem] = problems(seen)
    assert (problem.check, problem.status) == (check, status)
    assert words in f"{problem.words}; {problem.advice}"
    assert exit_status(findings) == status


def test_what_waits_for_a_server_that_is_away_is_not_to_be_flushed() -> None:
    """It would do nothing."""
    kept = Kept(2, queues=(Queue(LOGIN.name, 2),))
    seen = replace(WELL, greeted=NobodyListensError("nothing listens"), pong=None, kept=kept)
    [_, outbox] = problems(seen)
    assert outbox.check == "outbox"
    assert "flush" not in outbox.advice
    assert "go by themselves once what stands above is mended" in outbox.advice


def test_a_token_of_the_environment_is_mended_by_another_one() -> None:
    """No login and no move would change what DIARY_TOKEN says."""
    lent = LOGIN._replace(is_stored=False)
    for seen in (
        replace(WELL, login=lent, greeted=Greeted("SHA256:other", 1.0), pong=None),
        replace(WELL, login=lent, greeted=NobodyListensError("nothing listens"), pong=None),
        replace(WELL, login=lent, addresses=UnknownHostError("not known"), greeted=None, pong=None),
    ):
        advice = " ".join(each.advice for each in problems(seen))
        assert "diaryclient login" not in advice
        assert "diaryclient move" not in advice
        assert "token" in advice


def test_modes_that_only_another_can_change_are_not_ours_to_change() -> None:
    """And what belongs to another is given back first: chmod would fail before."""
    exposed = Exposed(Path("/s"), (Path("/s/a"),), (), (Path("/s/a"),), (Path("/srv"),))
    [files] = problems(replace(WELL, exposed=exposed))
    assert files.advice == (
        "that user, or root after sudo, must give them back with chown; if nobody has copied them, "
        "type: chmod -R go-rwx /s; only the owner or root can mend that, with chmod go-w"
    )


def test_drafts_are_told_of_and_ask_for_nothing() -> None:
    """They are texts that somebody may want; no command mends that."""
    seen = replace(WELL, kept=Kept(drafts=(Path("/d/a.txt"), Path("/d/b.txt"))))
    assert exit_status(diagnose(seen)) == 0
    assert diagnose(seen)[-1].words == "texts that were not written, 2: /d/a.txt, /d/b.txt"


@pytest.mark.parametrize(
    ("objection", "words"),
    [
        (ClocksDifferError("this device's clock is behind"), "timedatectl set-ntp true"),
        (MalformedError("speaks versions 2 to 3"), "take the newer program"),
    ],
)
def test_an_offer_that_nobody_could_use(objection: Exception, words: str) -> None:
    """Where the token says nothing about the clock, the offer does."""
    assert isinstance(objection, ClocksDifferError | MalformedError)
    seen = replace(WELL, greeted=replace(GREETED, objection=objection), pong=SILENT)
    assert [each.check for each in problems(seen)] == ["token", "clock"]
    assert words in problems(seen)[1].advice
    fine = replace(WELL, pong=SILENT)
    assert [each.check for each in problems(fine)] == ["token"]


def test_the_first_problem_gives_the_status() -> None:
    """What comes first causes what comes after it."""
    seen = replace(WELL, greeted=SILENT, pong=None, kept=Kept(3, 0))
    assert [each.check for each in problems(seen)] == ["server", "outbox"]
    assert exit_status(diagnose(seen)) == 4


def test_what_was_not_seen_is_unknown() -> None:
    """Never well."""
    seen = Observations(UsageError("wrong"), UsageError("wrong"))
    unknown = [each.check for each in diagnose(seen) if each.state is State.UNKNOWN]
    assert unknown == ["login", "name", "server", "identity", "token", "clock"]
    assert exit_status(diagnose(seen)) == 2
