"""Logins and tokens at a real server: machines that come, go, are renewed and revoked.

The scheduled job runs as processes; the other machines' commands run in the test's own, which is
quicker, and talk to the server all the same.
"""

import json
import re
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from diaryclient.cli import main
from tests.in_process import Finished, run_in_process
from tests.integration.logins import login_of
from tests.programs import PASSWORD, Home, Server

NEW: str = "another password"
SEVENTY_DAYS: int = 70 * 86_400_000


@pytest.fixture
def laptop(reused: Server, home: Home) -> Home:
    """A machine on which alice is logged in."""
    reused.add_user("alice")
    home.login(reused, "alice")
    return home


@pytest.fixture
def phone(tmp_path: Path) -> Home:
    """Another machine, on which nobody is."""
    return Home(tmp_path / "phone")


def typed(machine: Home, *words: str, stdin: str = "") -> Finished:
    """Run a command on a machine, within this process."""
    return run_in_process(partial(main, words, machine.env), stdin)


def ok(done: Finished) -> str:
    """Give what a command printed that must have worked."""
    assert done.status == 0, done.err
    return done.out


def names(machine: Home) -> set[str]:
    """Give the names of the tokens that are listed."""
    return {row["name"] for row in json.loads(ok(typed(machine, "token", "list", "--json")))}


def minted(machine: Home, scope: str) -> str:
    """Make a token for another machine."""
    return ok(typed(machine, "token", "create", "--name", "other", "--scope", scope)).strip()


def test_a_scheduled_job_writes_and_can_do_nothing_else(laptop: Home, phone: Home) -> None:
    """One word in its environment; then it is revoked, at once, and the text waits."""
    job = {"DIARY_TOKEN": minted(laptop, "write")}
    assert ok(phone.client("write", "by the job", env=job)).startswith("saved ")
    assert ok(typed(laptop, "read")).endswith(" by the job\n")
    for words, stdin in ((("read",), ""), (("--yes",), "-c\n")):
        done = phone.client(*words, stdin=stdin, env=job)
        assert (done.status, done.out) == (3, "")
        assert "its scope is write; put another token into DIARY_TOKEN" in done.err
    [row] = [
        row for row in json.loads(ok(typed(laptop, "token", "list", "--json"))) if not row["own"]
    ]
    assert (row["name"], row["scope"], row["last_address"]) == ("other", ["write"], "127.0.0.1")
    assert ok(typed(laptop, "token", "revoke", row["id"][-6:])) == f"revoked {row['id']} other\n"
    done = phone.client("write", "too late", env=job)
    assert done.status == 3
    assert re.search(r"this login was revoked; .*; [0-9a-f]{5} is kept in the outbox", done.err)
    again = {"DIARY_TOKEN": minted(laptop, "write")}
    assert phone.client("write", "in time", env=again).err == "sent 1 waiting, 0 left\n"


def test_a_login_comes_by_a_word_and_goes_for_good(laptop: Home, phone: Home) -> None:
    """It replaces the earlier one, which ends; a logout ends it on the server too."""
    word = minted(laptop, "full")
    out = ok(typed(phone, "login", "--token-stdin", stdin=word))
    assert out.startswith("logged in to 127.0.0.1:")
    assert "other" in names(laptop)
    ok(typed(phone, "login", "--token-stdin", stdin=minted(phone, "read write")))
    assert len(names(laptop)) == 2
    assert ok(typed(phone, "logout")).startswith("logged out of ")
    assert "other" not in names(laptop)
    assert typed(phone, "write", "text").status == 3
    done = typed(phone, "login", "--token-stdin", stdin=word)
    assert done.status == 3
    assert "this login was revoked" in done.err


def test_a_new_password_ends_what_others_have(reused: Server, laptop: Home, phone: Home) -> None:
    """The machine on which it was changed goes on, under another token of the same id."""
    phone.login(reused, "alice")
    before = login_of(laptop, "alice", reused.address)
    lines = f"{PASSWORD}\n{NEW}\n"
    out = ok(typed(laptop, "passwd", "--password-stdin", stdin=lines))
    assert out.endswith("; 1 other login ended\n")
    after = login_of(laptop, "alice", reused.address)
    assert (after.id, after.kid == before.kid) == (before.id, False)
    assert typed(phone, "whoami").status == 3
    assert typed(laptop, "passwd", "--password-stdin", stdin=lines).status == 3
    phone.login(reused, "alice", NEW)
    ok(typed(laptop, "whoami"))


def test_a_login_is_renewed_by_itself(reused: Server, laptop: Home) -> None:
    """In the last third of its life, by any command, with nothing to see but a later end."""
    before = login_of(laptop, "alice", reused.address)
    reused.stop()
    with sqlite3.connect(reused.data / "accounts.sqlite3") as accounts:
        accounts.execute("UPDATE tokens SET expires = expires - ?", [SEVENTY_DAYS])
    accounts.close()
    reused.restart()
    done = typed(laptop, "write", "a text")
    assert (done.status, done.err) == (0, "")
    after = login_of(laptop, "alice", reused.address)
    assert after.kid != before.kid == after.id
    assert after.expires >= before.expires
    [row] = json.loads(ok(typed(laptop, "token", "list", "--json")))
    assert (row["id"], row["own"]) == (before.kid.hex(), True)
    assert login_of(laptop, "alice", reused.address) == after


def test_a_server_that_forgot_the_login_says_so(reused: Server, laptop: Home) -> None:
    """Restored data, or another user of that name: not "unreachable", and the text waits."""
    reused.stop()
    with sqlite3.connect(reused.data / "accounts.sqlite3") as accounts:
        accounts.execute("DELETE FROM tokens")
    accounts.close()
    reused.restart()
    done = typed(laptop, "write", "a text")
    assert done.status == 3
    assert f"{reused.address} answers but does not know this login; log in again: " in done.err
    assert "is kept in the outbox until then" in done.err
    laptop.login(reused, "alice")
    assert ok(typed(laptop, "read")).endswith(" a text\n")


def test_an_account_ends_with_a_copy_of_all_of_it(
    reused: Server, laptop: Home, tmp_path: Path
) -> None:
    """Byte for byte what lay on the server; there it is in the archive, and no login works."""
    for text in ("first", "second\nwith two lines"):
        ok(typed(laptop, "write", text))
    before = {path.name: path.read_bytes() for path in reused.day_files("alice")}
    out = ok(typed(laptop, "account", "delete", "--yes", "--to", str(tmp_path / "copy")))
    assert "deleted the account alice@" in out
    assert {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()} == before
    assert reused.users() == []
    assert reused.day_files("alice") == []
    assert typed(laptop, "whoami").status == 3
