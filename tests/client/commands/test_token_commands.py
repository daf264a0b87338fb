"""`login` for a token, `token`, `logout`, DIARY_TOKEN: output, exit status, what is kept."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import Entry, Outbox
from diaryclient.home.settings import Choice
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from protocol.messages.account import Mint, Ping, Revoke
from protocol.messages.writing import Put
from protocol.tokenword import parse_token
from tests.client.fake_account import FakeAccount
from tests.client.fakes import KID, START
from tests.client.loopback import PASSWORD, Loopback, Run, closed_port, lend
from tests.client.terminal import finish, terminal

DAY = 86_400_000
OWN = KID.hex()


def account(loopback: Loopback) -> FakeAccount:
    """Give what the server knows of alice."""
    return loopback.fake.account


def stored(state: Path) -> Login | None:
    """Give alice's login file; None if there is none."""
    names = list((state / "logins").glob("*.json")) if state.exists() else []
    return Logins(state / "logins").choose(Choice()) if names else None


def test_a_login_says_what_its_token_shall_be(run: Run, loopback: Loopback, state: Path) -> None:
    """Name, scopes and end travel in the form; the file knows them."""
    words = ["login", str(loopback.address), "alice", "--accept-new", "--name", "my phone"]
    words += ["--scope", "write,read", "--scope", "read", "--expires", "30d"]
    status, out, err = run(*words, DIARY_PASSWORD=PASSWORD)
    assert (status, err) == (0, "")
    assert out.endswith(", to read and write only\n")
    [form] = loopback.fake.forms
    assert (form.label, form.scopes, form.fixed) == ("my phone", "read write", True)
    assert form.lifetime == 30 * DAY
    login = stored(state)
    assert login
    assert (login.label, login.scopes, login.fixed) == ("my phone", "read write", True)


def test_a_login_without_options_is_renewed_by_itself(run: Run, loopback: Loopback) -> None:
    """The host's name, everything, ninety days, no end that a person chose; never means never."""
    login = ["login", str(loopback.address), "alice", "--accept-new"]
    assert run(*login, DIARY_PASSWORD=PASSWORD)[0] == 0
    assert run(*login, "--expires", "never", DIARY_PASSWORD=PASSWORD)[1].endswith(
        "without an end\n"
    )
    first, second = loopback.fake.forms
    assert (first.scopes, first.lifetime, first.fixed) == ("full", 90 * DAY, False)
    assert first.label
    assert (second.lifetime, second.fixed) == (0, False)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["login", "a.test", "alice", "--scope", "all"], "--scope: a scope is read, write or full"),
        (["login", "a.test", "alice", "--scope", ","], "--scope"),
        (["login", "a.test", "alice", "--expires", "soon"], "--expires: soon is none of 30d"),
        (["login", "a.test", "alice", "--name", " "], "--name: a name has 1 to 64 bytes"),
        (["login", "a.test", "alice", "--name", "ä" * 33], "--name: a name has 1 to 64 bytes"),
        (["login", "--token-stdin"], "token is damaged or incomplete"),
        (["login", "--token-stdin", "a.test"], "a token carries all the rest"),
        (["login", "--token-stdin", "--scope", "read"], "a token carries all the rest"),
        (["login", "diarytoken1abc"], "give it to diaryclient login --token-stdin"),
        (["token"], "Usage: diaryclient token"),
        (["token", "create", "--name", "x"], "Missing option '--scope'"),
        (["token", "create", "--scope", "read"], "Missing option '--name'"),
        (["token", "create", "--name", "x", "--scope", "none"], "--scope"),
        (["token", "create", "--name", "x", "--scope", "read", "--expires", "0d"], "at once"),
        (["token", "revoke"], "Missing argument"),
        (["passwd"], "no terminal to ask"),
        (["account", "delete"], "no terminal to ask; type --yes"),
    ],
)
def test_wrong_words_are_exit_2(
    run: Run, logged_in: Loopback, words: list[str], message: str
) -> None:
    """It says what is wrong, and nothing is sent."""
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert message in err
    assert logged_in.fake.kinds == []


def test_tokens_are_listed(run: Run, logged_in: Loopback) -> None:
    """One line each with all that is known, escaped, and the present one is marked."""
    account(logged_in)._make("\x1b[2J\nphone", "read write", 0)
    status, out, err = run("token", "list")
    assert (status, err) == (0, "")
    day, minute = r"\d{4}-\d\d-\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d"
    own, other = out.splitlines()
    assert re.fullmatch(
        rf"{OWN} first: full, made {minute}, used {minute} from 192\.0\.2\.7, until {day} "
        r"\(this one\)",
        own,
    )
    assert re.fullmatch(
        rf"[0-9a-f]{{16}} \\x1b\[2J\\x0aphone: read write, made {minute}, never used, "
        "without an end",
        other,
    )


def test_a_row_breaks_at_words_on_a_terminal(
    logged_in: Loopback, environment: dict[str, str]
) -> None:
    """What goes on begins with spaces, and no word is torn."""
    child = terminal("token", "list", environment=environment | {"COLUMNS": "60"})
    _, rest = finish(child)
    rows = [row.rstrip("\r") for row in rest.strip().split("\n")]
    assert len(rows) > 1
    assert all(len(row) <= 60 and row.startswith("  ") for row in rows[1:])
    assert " ".join(row.strip() for row in rows).endswith("(this one)")
    assert "from 192.0.2.7, " in rest


def test_tokens_are_listed_for_programs(run: Run, logged_in: Loopback) -> None:
    """ISO times, null for what never happens, all of many pages."""
    for number in range(20):
        account(logged_in)._make(f"device {number}", "read", 0)
    status, out, _ = run("token", "list", "--json")
    rows = json.loads(out)
    assert status == 0
    assert [row["name"] for row in rows] == ["first", *(f"device {n}" for n in range(20))]
    assert datetime.fromisoformat(rows[0]["created"]).utcoffset() is not None
    assert datetime.fromisoformat(rows[0]["expires"]) > datetime.fromisoformat(rows[0]["created"])
    assert rows[0]["own"] is True
    unused = {"last_used": None, "last_address": None, "expires": None, "own": False}
    assert rows[1] | unused == rows[1]
    assert rows[1]["scope"] == ["read"]


def test_a_new_token_is_the_last_line_and_works(run: Run, logged_in: Loopback) -> None:
    """The word alone on stdout; what it may do and until when on stderr; elsewhere it writes."""
    create = ["token", "create", "--name", "cron", "--scope", "write", "--expires", "30d"]
    status, out, err = run(*create)
    assert status == 0
    assert re.match(r"cron [0-9a-f]{16}: may write, until \d{4}-\d\d-\d\d; shown once", err)
    word = parse_token(out.strip())
    assert out == f"{word.encode()}\n"
    assert (word.scopes, word.fixed, word.fingerprint) == (
        "write",
        True,
        logged_in.fake.fingerprint,
    )
    assert run("write", "by cron", DIARY_TOKEN=out.strip())[0] == 0
    assert word.root.hex() not in err


def test_a_token_that_would_outlive_its_maker_is_refused(run: Run, logged_in: Loopback) -> None:
    """If somebody chose such an end, it is not silently another one."""
    account(logged_in).tokens[KID].expires = logged_in.fake.now + 20 * DAY
    status, out, _ = run("token", "create", "--name", "x", "--scope", "full", "--expires", "30d")
    assert (status, out) == (6, "")


@pytest.mark.parametrize("fixed", [True, False])
def test_a_login_that_ends_sooner_makes_tokens_that_do(
    run: Run, logged_in: Loopback, state: Path, fixed: bool
) -> None:
    """Without --expires they end with it, for good if somebody chose its end."""
    ends = logged_in.fake.now + 20 * DAY
    account(logged_in).tokens[KID].expires = ends
    Logins(state / "logins").save(logged_in.login._replace(expires=ends, fixed=fixed))
    status, out, err = run("token", "create", "--name", "phone", "--scope", "full")
    assert status == 0
    assert "may do everything, until " in err
    assert (", and renews itself where it is a login; shown once" in err) == (not fixed)
    assert ("for one machine: when it renews itself, it ends wherever else it is" in err) == (
        not fixed
    )
    word = parse_token(out.strip())
    assert word.fixed == fixed
    assert ends - 120_000 < word.expires <= ends
    [mint] = [each for _, each in logged_in.fake.requests if isinstance(each, Mint)]
    assert not mint.fixed


def test_a_token_is_revoked_by_any_end_of_its_id(run: Run, logged_in: Loopback) -> None:
    """Beginning or end, of four characters, capitals too; several are listed, none is exit 7."""
    second, third = (account(logged_in)._make(name, "read", 0) for name in ("one", "two"))
    status, out, err = run("token", "revoke", second.kid.hex()[:8])
    assert (status, out) == (2, "")
    assert all(each.kid.hex() in err for each in (second, third))
    assert run("token", "revoke", "ffff")[0] == 7
    for short in ("", "1", second.kid.hex()[-3:]):
        status, _, err = run("token", "revoke", short)
        assert (status, "4 characters or more" in err) == (2, True)
    assert (second.ended, third.ended) == (None, None)
    status, out, _ = run("token", "revoke", second.kid.hex()[-4:].upper())
    assert (status, out) == (0, f"revoked {second.kid.hex()} one\n")
    assert (second.ended, third.ended) == (ErrorCode.REVOKED, None)
    assert run("token", "revoke", second.kid.hex())[0] == 7


def test_a_token_is_revoked_by_its_name(run: Run, logged_in: Loopback) -> None:
    """Its whole name, in its own letters; of several with one name none is, and all are listed."""
    tokens = [account(logged_in)._make(name, "read", 0) for name in ("tv", "twin", "twin")]
    status, out, err = run("token", "revoke", "twin")
    assert (status, out) == (2, "")
    assert "names several tokens; nothing was revoked" in err
    assert all(each.kid.hex() in err for each in tokens[1:])
    for near in ("t", "TV", "twi", "win", "twins"):
        assert run("token", "revoke", near)[0] in {2, 7}
    assert [each.ended for each in tokens] == [None] * 3
    status, out, _ = run("token", "revoke", "tv")
    assert (status, out) == (0, f"revoked {tokens[0].kid.hex()} tv\n")
    assert [each.ended for each in tokens] == [ErrorCode.REVOKED, None, None]


def test_a_name_that_is_the_end_of_another_id_names_none(run: Run, logged_in: Loopback) -> None:
    """Nobody can tell which was meant."""
    first = account(logged_in)._make("one", "read", 0)
    second = account(logged_in)._make(first.kid.hex()[-6:], "read", 0)
    status, _, err = run("token", "revoke", second.label)
    assert (status, "names several tokens" in err) == (2, True)
    assert (first.ended, second.ended) == (None, None)


def test_revoking_the_own_token_asks_and_logs_out(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Without a terminal only with --yes."""
    status, _, err = run("token", "revoke", OWN)
    assert status == 2
    assert "is the login in use here" in err
    assert stored(state)
    status, out, _ = run("token", "revoke", OWN, "--yes")
    assert (status, out) == (0, f"logged out of {logged_in.address} as alice\n")
    assert stored(state) is None


def test_a_logout_ends_the_token_and_removes_the_file(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """On the server first; what waits is counted and stays."""
    logged_in.fake.refusals.append(ErrorCode.QUOTA)
    run("write", "waits")
    status, out, err = run("logout")
    assert (status, out) == (0, f"logged out of {logged_in.address} as alice\n")
    assert err == f"1 entry waits in the outbox until the next login of {logged_in.login.name}\n"
    assert account(logged_in).tokens[KID].ended is ErrorCode.REVOKED
    assert stored(state) is None
    assert len(list(Outbox(state / "outbox" / logged_in.login.name).entries())) == 1
    assert run("whoami")[0] == 3
    assert run("logout")[0] == 3


def test_a_logout_without_a_server_can_be_tried_again_or_forced(
    run: Run, loopback: Loopback, state: Path
) -> None:
    """Exit 4 and the login stays; --forget removes it and says what that leaves behind."""
    Logins(state / "logins").save(loopback.login._replace(address=closed_port()))
    status, out, err = run("logout")
    assert (status, out) == (4, "")
    assert "still logged in: try again, or type diaryclient logout --forget" in err
    assert stored(state)
    status, out, err = run("logout", "--forget")
    assert status == 0
    assert f"diaryclient token revoke {OWN}" in err
    assert "still lives on the server, without an end" in err
    assert stored(state) is None


@pytest.mark.parametrize("code", [ErrorCode.EXPIRED, ErrorCode.REVOKED])
def test_a_login_that_has_ended_is_simply_removed(
    run: Run, logged_in: Loopback, state: Path, code: ErrorCode
) -> None:
    """There is nothing left to end."""
    account(logged_in).tokens[KID].ended = code
    status, out, err = run("logout")
    assert (status, err) == (0, "")
    assert "the server had ended it already" in out
    assert stored(state) is None


def test_a_lost_answer_to_a_logout_is_no_error(
    run: Run, logged_in: Loopback, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repetition hears REVOKED, because the first attempt did it."""
    answers = logged_in.fake._request
    lost = iter([True])
    monkeypatch.setattr(
        logged_in.fake, "_request", lambda envelope: answers(envelope)[next(lost, False) :]
    )
    status, out, _ = run("logout")
    assert (status, out) == (0, f"logged out of {logged_in.address} as alice\n")
    assert stored(state) is None


def test_a_token_from_input_becomes_a_login(run: Run, loopback: Loopback, state: Path) -> None:
    """One word is enough, and the server is asked once before it is saved."""
    word = lend(loopback)
    status, out, err = run("login", "--token-stdin", stdin=f" {word}\n".encode())
    assert (status, err) == (0, "")
    assert out == f"logged in to {loopback.address} as alice without an end, to write only\n"
    assert len(loopback.fake.requests) == 1
    assert stored(state) is not None
    assert run("write", "a text")[0] == 0
    status, _, err = run("read")
    assert status == 3
    assert "this login may not do that: its scope is write; log in again: " in err


def test_a_token_is_asked_for_without_echo(loopback: Loopback, environment: dict[str, str]) -> None:
    """At a terminal nobody reads it over a shoulder, or in what scrolled by."""
    word = lend(loopback)
    child = terminal("login", "--token-stdin", environment=environment)
    child.expect("Token: ")
    child.sendline(word)
    status, rest = finish(child)
    assert status == 0
    assert word not in rest


def test_a_token_that_does_not_work_is_not_saved(run: Run, loopback: Loopback, state: Path) -> None:
    """Revoked, unreachable, or of another server than the pinned one."""
    word = lend(loopback)
    account(loopback).tokens[parse_token(word).kid].ended = ErrorCode.REVOKED
    assert run("login", "--token-stdin", stdin=word.encode())[0] == 3
    away = lend(loopback, address=closed_port())
    assert run("login", "--token-stdin", stdin=away.encode())[0] == 4
    assert stored(state) is None
    Logins(state / "logins").save(loopback.login)
    other = lend(loopback, fingerprint="SHA256:" + "A" * 43)
    status, _, err = run("login", "--token-stdin", stdin=other.encode())
    assert status == 3
    assert "THE IDENTITY OF" in err
    assert stored(state) == loopback.login


def test_a_new_login_ends_the_one_that_it_replaces(run: Run, logged_in: Loopback) -> None:
    """Once it works; the same token again replaces nothing."""
    word = lend(logged_in, "full")
    assert run("login", "--token-stdin", stdin=word.encode())[0] == 0
    assert account(logged_in).tokens[KID].ended is ErrorCode.REVOKED
    assert run("login", "--token-stdin", stdin=word.encode())[0] == 0
    assert account(logged_in).tokens[parse_token(word).kid].ended is None
    login = ["login", str(logged_in.address), "alice"]
    for _ in range(2):
        assert run(*login, DIARY_PASSWORD=PASSWORD)[::2] == (0, "")
    live = [token.kid for token in account(logged_in).tokens.values() if token.ended is None]
    assert len(live) == 1
    assert run("whoami")[0] == 0


def test_an_earlier_login_that_stays_is_told(
    run: Run, logged_in: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the server does not say that it ended, the line to type is there."""
    answers = logged_in.fake._request
    revoking = re.compile(Revoke.__name__)

    def without_revoke(envelope: object) -> list[bytes]:
        found = answers(envelope)  # type: ignore[arg-type]
        last = type(logged_in.fake.requests[-1][1]).__name__
        return [] if revoking.fullmatch(last) else found

    monkeypatch.setattr(logged_in.fake, "_request", without_revoke)
    word = lend(logged_in, "full")
    status, _, err = run("login", "--token-stdin", stdin=word.encode())
    assert status == 0
    assert f"diaryclient token revoke {OWN}" in err


def test_a_token_in_the_environment_needs_no_login(
    run: Run, loopback: Loopback, state: Path
) -> None:
    """It writes, and nothing of it is saved but the outbox."""
    word = lend(loopback)
    assert run("write", "-q", "from cron", DIARY_TOKEN=word) == (0, "", "")
    loopback.fake.refusals.append(ErrorCode.QUOTA)
    assert run("write", "waits", DIARY_TOKEN=word)[0] == 6
    secrets = {parse_token(word).root.hex(), parse_token(word).kid.hex(), word}
    for path in state.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_text() for secret in secrets)
    assert not (state / "logins").exists()
    assert [path.parent.name for path in state.rglob("*.json")] == [loopback.login.name]


def test_a_write_only_token_can_neither_read_nor_clear(run: Run, loopback: Loopback) -> None:
    """Exit 3, which scope it has, and what to do; nothing of the diary is shown."""
    word = lend(loopback)
    run("write", "secret", DIARY_TOKEN=word)
    for words, stdin in ((["read"], b""), (["token", "list"], b""), (["--yes"], b"-c\n")):
        status, out, err = run(*words, stdin=stdin, DIARY_TOKEN=word)
        assert (status, out) == (3, "")
        assert "its scope is write; put another token into DIARY_TOKEN: " in err
    assert loopback.fake.files


def test_the_environments_token_wins_over_logins_and_flags_win_over_it(
    run: Run, logged_in: Loopback, environment: dict[str, str]
) -> None:
    """Flag, then environment, then file."""
    word = lend(logged_in, "read")
    assert " read, " in run("whoami", DIARY_TOKEN=word)[1]
    assert " full, " in run("whoami")[1]
    fitting = ["--server", str(logged_in.address), "--user", "alice"]
    assert " read, " in run(*fitting, "whoami", DIARY_TOKEN=word)[1]
    elsewhere = lend(logged_in, "read", address=closed_port())
    assert " full, " in run(*fitting, "whoami", DIARY_TOKEN=elsewhere)[1]
    config = environment["XDG_CONFIG_HOME"]
    Path(config, "diaryclient").mkdir(parents=True)
    profile = f'[profile.here]\nserver = "{logged_in.address}"\n'
    Path(config, "diaryclient", "config.toml").write_text(profile)
    assert " full, " in run("--profile", "here", "whoami", DIARY_TOKEN=elsewhere)[1]
    assert " read, " in run("whoami", DIARY_TOKEN=word, DIARY_PROFILE="here")[1]
    status, _, err = run("whoami", DIARY_TOKEN=word[:-1])
    assert status == 2
    assert (
        err
        == "diaryclient: DIARY_TOKEN: this token is damaged or incomplete; copy the whole word\n"
    )


def test_a_token_that_cannot_write_leaves_the_outbox_alone(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Else what waits would be refused for a scope that the login has."""
    logged_in.fake.refusals.append(ErrorCode.QUOTA)
    run("write", "waits")
    assert run("whoami", DIARY_TOKEN=lend(logged_in, "read"))[0] == 0
    [entry] = Outbox(state / "outbox" / logged_in.login.name).entries()
    assert entry.refused is None
    assert not [each for _, each in logged_in.fake.requests[1:] if isinstance(each, Put)]


def test_a_lent_token_that_works_sends_what_another_could_not(run: Run, loopback: Loopback) -> None:
    """Nobody logs in there, so the next success is the sign that the token was replaced."""
    expired = lend(loopback)
    account(loopback).tokens[parse_token(expired).kid].ended = ErrorCode.EXPIRED
    status, _, err = run("write", "held back", DIARY_TOKEN=expired)
    assert status == 3
    assert "this login has expired; put another token into DIARY_TOKEN" in err
    assert "is kept in the outbox until then" in err
    status, _, err = run("write", "later", DIARY_TOKEN=lend(loopback))
    assert (status, err) == (0, "sent 1 waiting, 0 left\n")


def test_a_lent_token_logs_out(run: Run, loopback: Loopback, state: Path) -> None:
    """It is revoked, and no login of the machine is touched."""
    Logins(state / "logins").save(loopback.login)
    word = lend(loopback)
    status, out, err = run("logout", DIARY_TOKEN=word)
    assert status == 0
    assert out.startswith("logged out of ")
    assert "unset it" in err
    assert stored(state) == loopback.login
    assert account(loopback).tokens[KID].ended is None


def test_a_login_tells_that_the_environment_wins(run: Run, loopback: Loopback) -> None:
    """Or somebody would wonder."""
    word = lend(loopback)
    login = ["login", str(loopback.address), "alice", "--accept-new"]
    status, _, err = run(*login, DIARY_PASSWORD=PASSWORD, DIARY_TOKEN=word)
    assert status == 0
    assert "DIARY_TOKEN is set" in err


def test_a_due_login_is_renewed_after_the_answer(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """The command's own work is shown, and nothing is said about the renewal."""
    logged_in.fake.hints = True
    status, out, err = run("write", "a text")
    assert (status, err) == (0, "")
    assert out.startswith("saved ")
    login = stored(state)
    assert login
    assert login.kid != KID == login.id
    asked = [type(each) for _, each in logged_in.fake.requests]
    assert asked == [Put, Ping]
    logged_in.fake.hints = False
    assert run("read")[0] == 0


def test_a_flush_renews_too(run: Run, logged_in: Loopback, state: Path) -> None:
    """As every command that reaches the server."""
    login = stored(state)
    assert login
    waiting = Entry(EntryId.make(START, bytes(10)), START, 0, "waits")
    Outbox(state / "outbox" / login.name).keep(waiting)
    logged_in.fake.hints = True
    status, out, err = run("outbox", "flush")
    assert (status, err) == (0, "")
    assert out.startswith("saved ")
    renewed = stored(state)
    assert renewed
    assert renewed.kid != KID == renewed.id


def test_what_a_token_may_not_write_goes_with_a_login_that_may(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """The same person's, so the next command under the login sends it."""
    word = lend(logged_in, "read")
    assert run("write", "kept", DIARY_TOKEN=word)[0] == 3
    assert run("whoami", DIARY_TOKEN=word)[2] == ""
    assert run("whoami")[2] == "sent 1 waiting, 0 left\n"
    assert list(Outbox(state / "outbox" / logged_in.login.name).entries()) == []


def test_the_end_of_a_login_is_told_once_a_day(run: Run, logged_in: Loopback, state: Path) -> None:
    """After the answer, on standard error, also with --quiet."""
    ends = logged_in.fake.now + 5 * DAY
    old = logged_in.login._replace(expires=ends, created=ends - 90 * DAY)
    Logins(state / "logins").save(old)
    status, out, err = run("write", "-q", "a text")
    assert (status, out) == (0, "")
    assert re.fullmatch(
        r"diaryclient: this login ends on \d{4}-\d\d-\d\d; log in again: diaryclient login "
        rf"{logged_in.address} alice\n",
        err,
    )
    assert run("write", "-q", "a text") == (0, "", "")
