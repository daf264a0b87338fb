"""The commands as they are typed: output, exit status, and what is kept."""

import re
from pathlib import Path

import pytest

from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Outbox
from protocol.errors import ErrorCode
from protocol.invite import Invite, InviteEnd
from tests.client.fakes import ALICE
from tests.client.loopback import PASSWORD, Loopback, Run, closed_port


def test_the_session_of_the_manual(run: Run, loopback: Loopback) -> None:
    """Log in, write, read, whoami, ping."""
    where = str(loopback.address)
    password = PASSWORD.encode() + b"\n"
    status, out, err = run(
        "login", where, "alice", "--password-stdin", "--accept-new", stdin=password
    )
    assert (status, err) == (0, "")
    assert re.fullmatch(rf"logged in to {where} as alice until \d{{4}}-\d\d-\d\d\n", out)
    status, out, err = run("write", "hello", "world")
    assert (status, err) == (0, "")
    assert re.fullmatch(rf"saved [0-9a-f]{{5}} \d{{4}}-\d\d-\d\d \d\d:\d\d alice@{where}\n", out)
    short_id = out.split()[1]
    status, out, err = run("read")
    assert (status, err) == (0, "")
    assert out.endswith(f" {short_id} hello world\n")
    status, out, err = run("whoami")
    assert (status, err) == (0, "")
    assert re.fullmatch(
        rf"alice@{where} full, until \d{{4}}-\d\d-\d\d, token [0-9a-f]{{16}} .+\n"
        r"77 bytes used, 9.6 KiB left; 1 entry, 999,999 left\n",
        out,
    )
    status, out, err = run("ping")
    assert (status, err) == (0, "")
    assert re.fullmatch(
        rf"{where} answered in \d+\.\d ms, its clock (is \d+ ms (ahead|behind)|agrees .*)\n", out
    )


def test_the_token_is_used_at_once(run: Run, loopback: Loopback) -> None:
    """A server lets tokens die that are never used."""
    run("login", str(loopback.address), "alice", "--accept-new", DIARY_PASSWORD=PASSWORD)
    assert len(loopback.fake.requests) == 1


def test_an_invite_logs_in(run: Run, loopback: Loopback) -> None:
    """One word, and a new password."""
    word = Invite(loopback.address, ALICE, loopback.fake.fingerprint, b"c" * 16).encode()
    status, out, err = run("login", word, DIARY_PASSWORD="brand new one")
    assert (status, err) == (0, "")
    assert "as alice" in out
    assert loopback.fake.forms[0].invite == b"c" * 16
    status, out, err = run("login", word, DIARY_PASSWORD="short")
    assert (status, out) == (2, "")
    assert "8 characters" in err


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
def test_a_line_end_is_no_part_of_a_password(run: Run, loopback: Loopback, ending: bytes) -> None:
    """Of this system or of another; and what a terminal or an editor left in it is refused."""
    words = ("login", str(loopback.address), "alice", "--password-stdin", "--accept-new")
    status, _, err = run(*words, stdin=b"correct horse" + ending)
    assert (status, err) == (0, "")
    [form] = loopback.fake.forms
    assert form.password == "correct horse"
    status, _, err = run(*words[:3], "--accept-new", DIARY_PASSWORD="correct horse\r")
    assert status == 2
    assert err == (
        "diaryclient: the password has a control character, such as a tab, a second line end or a "
        "byte order mark; take it out\n"
    )
    assert len(loopback.fake.forms) == 1


def test_an_invite_comes_from_standard_input(run: Run, loopback: Loopback) -> None:
    """So that no process list shows it; the new password may stand on the line behind it."""
    word = Invite(loopback.address, ALICE, loopback.fake.fingerprint, b"c" * 16).encode()
    stdin = f"{word}\nbrand new one\n".encode()
    status, out, err = run("login", "--invite-stdin", "--password-stdin", stdin=stdin)
    assert (status, err) == (0, "")
    assert "as alice" in out
    [form] = loopback.fake.forms
    assert (form.invite, form.password) == (b"c" * 16, "brand new one")
    status, _, err = run("login", "--invite-stdin", stdin=stdin)
    assert status == 2
    assert "no terminal to ask for the password" in err


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        (["login"], b"", "diaryclient login HOST USER"),
        (["login", "--invite-stdin"], b"", "this invite is damaged or incomplete"),
        (["login", "--invite-stdin"], b"\xff", "not valid UTF-8"),
        (["login", "--invite-stdin", "a.test"], b"", "an invite carries all the rest"),
        (["login", "--invite-stdin", "--token-stdin"], b"", "a token carries all the rest"),
        (["login", "a.test"], b"", "diaryclient login HOST USER"),
        (["login", "a b", "alice"], b"", "HOST: an address is written"),
        (["login", "a.test:99999", "alice"], b"", "a port is a number"),
        (["login", "a.test", "Alice"], b"", "USER: a user name"),
        (["login", "diaryinvite1xyz"], b"", "damaged or incomplete"),
        (["login", "diaryinvite1xyz", "alice"], b"", "an invite names its user"),
        (["login", "a.test", "alice"], b"", "no terminal to ask for the password"),
        (["login", "a.test", "alice", "--password-stdin"], b"", "the password is empty"),
        (["login", "a.test", "alice", "--password-stdin"], b"\xff", "not valid UTF-8"),
        (["login", "a.test", "alice", "--password-stdin"], b"x" * 300, "at most 256"),
        (["login", "a.test", "alice", "--password-stdin"], b"a word\r", "password has a control"),
        (["login", "a.test", "alice", "--password-stdin"], b"a\tword\n", "password has a control"),
        (["login", "--invite-stdin"], b"diaryinvite1\0\n", "the invite has a control"),
        (["login", "--token-stdin"], b"diarytoken1\r\r\n", "the token has a control"),
        (["login", "a.test", "alice", "--fingerprint", "x"], b"", "a fingerprint is written"),
        (["write"], b"", "the text is empty"),
        (["write", " ", "\t"], b"", "the text is empty"),
        (["write"], b" \n\n", "the text is empty"),
        (["write"], b"\xff", "not valid UTF-8"),
        (["write", "\udcff"], b"", "not valid UTF-8"),
        (["write", "-r"], b"", "No such option"),
        (["read", "--on", "2026-02-30"], b"", "--on: there is no such day"),
        (["read", "--from", "sometime"], b"", "--from: a day is written YYYY-MM-DD"),
        (["read", "--on", "today", "--to", "today"], b"", "--on stands alone"),
        (["read", "--from", "today", "--to", "yesterday"], b"", "is after --to"),
        (["whoami", "today"], b"", "unexpected extra argument"),
        (["--server", "a b", "whoami"], b"", "--server: an address"),
        (["nosuch"], b"", "there is no command nosuch"),
    ],
)
def test_wrong_input_is_exit_2(
    run: Run, logged_in: Loopback, state: Path, words: list[str], stdin: bytes, message: str
) -> None:
    """It says what is wrong, sends nothing, and keeps nothing."""
    status, out, err = run(*words, stdin=stdin)
    assert (status, out) == (2, "")
    assert message in err
    assert logged_in.fake.kinds == []
    assert not (state / "outbox").exists()


@pytest.mark.parametrize("words", [["write", "text"], ["read"], ["whoami"], ["ping"]])
def test_without_a_login(run: Run, words: list[str]) -> None:
    """Exit 3 and what to type; a text that cannot be kept is printed back, safely."""
    status, out, err = run(*words)
    assert (status, out) == (3, "")
    assert "diaryclient login HOST USER" in err
    assert ("| text\n" in err) == (words[0] == "write")


def test_a_text_that_came_through_a_pipe_is_given_back(run: Run) -> None:
    """Nothing that was typed is lost, and nothing reaches the terminal raw."""
    status, _, err = run("write", stdin=b"one\n\x1b[2Jtwo\n")
    assert status == 3
    assert err.startswith("| one\n| \\x1b[2Jtwo\n")


def test_a_disk_that_takes_nothing_is_loud(run: Run, logged_in: Loopback, state: Path) -> None:
    """Exit 1, the text printed back, nothing sent."""
    (state / "outbox").write_text("in the way")
    status, out, err = run("write", "my text")
    assert (status, out) == (1, "")
    assert "| my text\n" in err
    assert "NOT SAVED" in err
    assert logged_in.fake.kinds == []


def test_a_text_that_is_too_long_is_kept_and_not_sent(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Exit 6 with both numbers; it stays in the outbox."""
    status, out, err = run("write", stdin=b"x" * 262145 + b"\n")
    assert (status, out) == (6, "")
    assert "262145 bytes, an entry at most 262144" in err
    assert "split -C" in err
    [kept] = Outbox(state / "outbox" / logged_in.login.name).entries()
    assert (kept.text, kept.refused) == ("x" * 262145, ErrorCode.TOOBIG)
    assert run("write", stdin=b"x" * 262144 + b"\n")[0] == 0
    assert run("write", stdin=b"x" * 2_000_000)[0] == 6
    assert [kept] == list(Outbox(state / "outbox" / logged_in.login.name).entries())


def test_nothing_listens(run: Run, loopback: Loopback, state: Path) -> None:
    """Exit 4, but 5 for a text, which waits; it is sent with the next write."""
    login = loopback.login._replace(address=closed_port())
    Logins(state / "logins").save(login)
    for command in ("read", "whoami", "ping"):
        status, out, err = run(command)
        assert (status, out, err) == (4, "", f"diaryclient: nothing listens at {login.address}\n")
    status, out, err = run("write", "a text")
    assert (status, out) == (5, "")
    assert re.match(r"queued [0-9a-f]{5}: nothing listens at", err)
    [waiting] = Outbox(state / "outbox" / login.name).waiting()
    assert waiting.text == "a text"


def test_three_failures_of_a_login_have_three_messages(run: Run, loopback: Loopback) -> None:
    """Unknown name and unreachable host are exit 4, a refused login is 3."""

    def login(where: str) -> tuple[int, str]:
        words = ("login", where, "alice", "--accept-new")
        status, _, err = run(*words, DIARY_PASSWORD="wrong horse")
        return status, err

    assert login("no-such-host.invalid")[0] == 4
    assert "no-such-host.invalid is not known" in login("no-such-host.invalid")[1]
    assert login(str(closed_port()))[0] == 4
    assert "nothing listens" in login(str(closed_port()))[1]
    assert login(str(loopback.address))[0] == 3
    assert "is not right" in login(str(loopback.address))[1]


def test_a_login_says_which_one_it_ended(run: Run, loopback: Loopback) -> None:
    """By a label that somebody else may have chosen, so it moves no cursor."""
    loopback.fake.account.pushed_out = "cron\x1b[2J"
    words = ("login", str(loopback.address), "alice", "--accept-new", "--password-stdin")
    status, out, err = run(*words, stdin=f"{PASSWORD}\n".encode())
    assert (status, out.splitlines()[0][:12]) == (0, "logged in to")
    assert err.startswith("diaryclient: you had as many logins as there may be")
    assert "ended for this one: cron\\x1b[2J; " in err


@pytest.mark.parametrize("end", InviteEnd)
def test_an_invite_that_ended_says_what_to_do(run: Run, loopback: Loopback, end: InviteEnd) -> None:
    """Exit 3, in one line; who used it themselves is told how to log in."""
    loopback.fake.refusals.append(ErrorCode.DENIED)
    loopback.fake.note = str(end)
    invite = Invite(loopback.address, ALICE, loopback.fake.fingerprint, b"c" * 16).encode()
    status, out, err = run("login", invite, "--password-stdin", stdin=b"a new password\n")
    assert (status, out) == (3, "")
    way = f"; if it was you who used it, type diaryclient login {loopback.address} alice"
    assert err == f"diaryclient: {end}{way if end is InviteEnd.USED else ''}\n"


def test_without_a_terminal_an_unknown_identity_is_refused(run: Run, loopback: Loopback) -> None:
    """The line to type is printed, and typing it works."""
    words = ["login", str(loopback.address), "alice"]
    status, _, err = run(*words, DIARY_PASSWORD=PASSWORD)
    assert status == 3
    shown = re.search(r"diaryclient (login .*)$", err.strip())
    assert shown
    assert run(*shown[1].split(), DIARY_PASSWORD=PASSWORD)[0] == 0


def test_waiting_entries_follow_an_own_success(run: Run, logged_in: Loopback, state: Path) -> None:
    """The answer is printed first; what waited is sent after it."""
    logged_in.fake.refusals.append(ErrorCode.QUOTA)
    status, _, err = run("write", "first")
    assert status == 6
    assert "kept in the outbox" in err
    status, out, err = run("write", "second")
    assert (status, err) == (0, "sent 1 waiting, 0 left\n")
    assert out.startswith("saved ")
    assert [put.text for put in logged_in.fake.contents.values()] == ["second", "first"]
    assert Outbox(state / "outbox" / logged_in.login.name).waiting() == []


def test_an_expired_login_keeps_the_text_until_the_next_one(run: Run, logged_in: Loopback) -> None:
    """Exit 3, what to type, and after it the text is sent."""
    logged_in.fake.refusals.append(ErrorCode.EXPIRED)
    status, _, err = run("write", "precious")
    assert status == 3
    assert f"log in again: diaryclient login {logged_in.address} alice" in err
    assert run("write", "later")[2] == ""
    status, _, err = run("login", str(logged_in.address), "alice", DIARY_PASSWORD=PASSWORD)
    assert (status, err) == (0, "sent 1 waiting, 0 left\n")
    assert [put.text for put in logged_in.fake.contents.values()] == ["later", "precious"]


def test_quiet_prints_nothing(run: Run, logged_in: Loopback) -> None:
    """And options end where the text begins."""
    assert run("write", "-q", "a", "-q") == (0, "", "")
    assert run("write", "-q", "--", "-r") == (0, "", "")
    assert [put.text for put in logged_in.fake.contents.values()] == ["a -q", "-r"]


def test_input_keeps_all_but_what_programs_add(run: Run, logged_in: Loopback) -> None:
    """The text is what was typed, without a byte order mark, a CR before LF, a last line end."""
    run("write", stdin="\ufeff a\r\n\tb\n\n".encode())
    [put] = logged_in.fake.contents.values()
    assert put.text == " a\n\tb\n"


def test_an_empty_day_is_no_error(run: Run, logged_in: Loopback) -> None:
    """Nothing on stdout, a hint on stderr."""
    assert run("read", "--on", "2001-01-01") == (0, "", "no entries on 2001-01-01\n")
    assert run("read", "--to", "2001-01-01") == (0, "", "no entries to 2001-01-01\n")
    assert logged_in.fake.requests


def test_foreign_lines_are_shown_and_counted(run: Run, logged_in: Loopback) -> None:
    """After the entries, escaped, and reported on stderr."""
    run("write", "-q", "mine")
    [day] = logged_in.fake.files
    logged_in.fake.files[day] += b"2026 scribble \x1b\xff\n"
    status, out, err = run("read")
    assert status == 0
    assert out.splitlines()[1:] == [r"? 2026 scribble \x1b\xff"]
    assert "1 line is no entry" in err


def test_a_servers_words_cannot_reach_the_terminal_raw(run: Run, logged_in: Loopback) -> None:
    """Notes are escaped and stay on one line."""
    logged_in.fake.note = "\x1b[2J\nfake line\u202e"
    logged_in.fake.refusals.append(ErrorCode.QUOTA)
    status, _, err = run("whoami")
    assert (status, err.count("\n")) == (6, 1)
    assert r"\x1b[2J\x0afake line\u202e" in err


def test_help_and_version(run: Run) -> None:
    """Every command is listed, and has a help of its own."""
    status, out, _ = run("--help")
    assert status == 0
    for command in ("login", "write", "read", "whoami", "ping"):
        assert f"  {command} " in out
        assert run(command, "--help")[0] == 0
    assert "Trust whoever answers" in run("login", "--help")[1]
    assert run("--version") == (0, "diaryclient 0.1.0\n", "")
