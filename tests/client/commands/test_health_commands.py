"""`status`, `doctor` and `profile list` as they are typed, against a served fake."""

import json
import os
import re
import shlex
from pathlib import Path
from subprocess import run as run_program

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Entry, Outbox
from protocol.address import Address
from protocol.errors import ErrorCode
from protocol.identifiers import EntryId
from tests.client.loopback import Loopback, Run


def findings(out: str) -> dict[str, str]:
    """Give the state of each check of `doctor --json`."""
    return {each["check"]: each["state"] for each in json.loads(out)}


def waiting(state: Path, login: str, count: int, refused: ErrorCode | None = None) -> None:
    """Put entries into an outbox."""
    outbox = Outbox(state / "outbox" / login)
    for number in range(count):
        entry_id = EntryId.make(1_795_000_000_000 + number, bytes(9) + bytes([len(login)]))
        outbox.keep(Entry(entry_id, 1_795_000_000_000, 0, f"text {number}", refused=refused))


def test_status_tells_what_is_known(run: Run, logged_in: Loopback) -> None:
    """With the server: its answer; nothing on standard error."""
    status, out, err = run("status")
    assert (status, err) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert rows["login"] == f"alice@{logged_in.address}"
    assert re.match(r"[0-9a-f]{16}: full, until ", rows["token"])
    assert rows["server"].startswith("answered in ")
    assert rows["outbox"] == "0 waiting, 0 refused"
    assert rows["room"] == "0 bytes used, 9.7 KiB left; 0 entries, 1,000,000 left"
    assert rows["today"] == "0 bytes used; 0 entries"
    told = json.loads(run("status", "--json")[1])
    assert (told["server"], told["user"]) == (str(logged_in.address), "alice")
    assert (told["scopes"], told["reachable"], told["error"]) == (["full"], True, None)
    assert told["round_trip_ms"] >= 0
    assert isinstance(told["days_left"], int)
    assert told["room"] == {
        "bytes": {"used": 0, "limit": 10_000, "left": 10_000},
        "entries": {"used": 0, "limit": 1_000_000, "left": 1_000_000},
        "day_bytes": {"used": 0, "limit": None, "left": None},
        "day_entries": {"used": 0, "limit": None, "left": None},
    }


def test_status_of_a_diary_that_has_more_than_it_may(run: Run, logged_in: Loopback) -> None:
    """The operator set the limits lower: nothing is left, and never less than that."""
    logged_in.fake.limits = (10, 1, 10, 1)
    assert run("write", "--at", "today at 0:00", "one")[0] == 0
    assert run("write", "--at", "today at 0:00", "two")[0] == 0
    rows = dict(line.split(maxsplit=1) for line in run("status")[1].splitlines())
    assert rows["room"] == rows["today"] == "138 bytes used, 0 bytes left; 2 entries, 0 left"


def test_an_older_server_tells_nothing_of_room(run: Run, logged_in: Loopback) -> None:
    """It finds the question malformed; the rest is told as ever."""
    logged_in.fake.usage_refused = ErrorCode.INVALID
    status, out, err = run("status")
    assert (status, err) == (0, "")
    assert "room" not in out
    assert json.loads(run("status", "--json")[1])["room"] is None
    status, out, err = run("whoami")
    assert (status, err, len(out.splitlines())) == (0, "", 1)


def test_status_without_the_server(run: Run, logged_in: Loopback, state: Path) -> None:
    """Exit 4; what is known here is there all the same."""
    away = logged_in.login._replace(address=Address("127.0.0.1", 1), created=2**41, expires=0)
    Logins(state / "logins").save(away)
    waiting(state, away.name, 2)
    status, out, err = run("status")
    assert (status, err) == (4, f"diaryclient: nothing listens at {away.address}\n")
    assert "server  unreachable\n" in out
    assert f"token   {away.id.hex()}: full, without an end\n" in out
    assert "outbox  2 waiting, 0 refused\n" in out
    status, out, err = run("status", "--json")
    told = json.loads(out)
    assert status == 4
    assert (told["reachable"], told["waiting"], told["round_trip_ms"]) == (False, 2, None)
    assert (told["expires"], told["days_left"]) == (None, None)


def test_status_of_an_expired_login(run: Run, logged_in: Loopback) -> None:
    """Exit 3: the server is there."""
    logged_in.fake.refusals += [ErrorCode.EXPIRED] * 2
    status, out, err = run("status")
    assert status == 3
    assert "server  refused\n" in out
    assert "log in again" in err
    assert json.loads(run("status", "--json")[1])["reachable"] is True


def test_status_sends_what_waits(run: Run, logged_in: Loopback, state: Path) -> None:
    """As every command that has reached the server."""
    waiting(state, logged_in.login.name, 1)
    status, out, err = run("status")
    assert (status, err) == (0, "sent 1 waiting, 0 left\n")
    assert "1 waiting" in out


def test_doctor_finds_nothing(run: Run, logged_in: Loopback) -> None:
    """Exit 0, a line for each check; nothing is sent but a HELLO and a ping."""
    status, out, err = run("doctor")
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 11
    assert all(line.startswith("ok ") for line in out.splitlines())
    assert logged_in.fake.contents == {}


def test_doctor_sees_another_identity(run: Run, logged_in: Loopback) -> None:
    """Exit 3; nothing signed goes there."""
    logged_in.fake.identity = Ed25519PrivateKey.generate()
    status, out, _ = run("doctor", "--json")
    assert status == 3
    assert findings(out) | {"identity": "problem", "token": "unknown"} == findings(out)
    assert logged_in.fake.requests == []


def test_doctor_sees_a_wrong_clock(run: Run, logged_in: Loopback) -> None:
    """By the server's signed word, although the diary corrects it by itself."""
    logged_in.fake.ahead = 150_000
    status, out, _ = run("doctor", "--json")
    assert status == 1
    assert [check for check, state in findings(out).items() if state != "ok"] == ["clock"]


def test_doctor_sees_files_settings_and_outboxes(
    run: Run, logged_in: Loopback, state: Path, tmp_path: Path
) -> None:
    """Of all logins, each in its own line, and the first gives the status."""
    waiting(state, logged_in.login.name, 1)
    waiting(state, "bob@gone.test:8888", 1, ErrorCode.EXPIRED)
    (state / "outbox" / "bob@gone.test:8888" / "damaged.json").write_text("x")
    for path in state.glob("outbox/*/*.json"):
        path.chmod(0o644)
    status, out, _ = run("doctor")
    assert status == 1
    assert "PROBLEM files " in out
    assert "PROBLEM outbox    1 waiting, 1 refused, damaged: " in out
    (tmp_path / "config/diaryclient").mkdir(parents=True)
    config = tmp_path / "config/diaryclient/config.toml"
    config.write_text("[profile.work]\nusr = 'a'\nserver = 1\n")
    status, out, _ = run("doctor")
    assert status == 2
    assert out.startswith(f"PROBLEM config    {config}: profile.work.usr: there is no such key\n  ")
    config.write_text("")
    status, out, _ = run("doctor", DIARY_DATE_ORDER="ymd")
    assert (status, out.startswith("PROBLEM config    DIARY_DATE_ORDER: write ")) == (2, True)
    config.chmod(0o666)
    for path in state.glob("outbox/*/*.json"):
        path.chmod(0o600)
    assert (
        f"PROBLEM files     others may change or exchange: {config}; type: chmod go-w {config}\n"
        in run("doctor")[1]
    )


FOLDERS = ["state/diaryclient", "state/diaryclient/logins", "state", "config/diaryclient", "."]


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("bits", [0o002, 0o077, 0o007])
def test_doctor_sees_folders_that_others_may_use(
    run: Run, logged_in: Loopback, tmp_path: Path, name: str, bits: int
) -> None:
    """The client's own, and all above it; what is to be typed mends it."""
    (tmp_path / "config/diaryclient").mkdir(parents=True)
    folder = tmp_path / name
    folder.chmod(0o700 | bits)
    status, out, _ = run("doctor")
    assert status == 1
    [line] = [each for each in out.splitlines() if each.startswith("PROBLEM")]
    assert line.startswith("PROBLEM files ")
    assert str(folder) in line
    command = line.rpartition("type: ")[2]
    assert run_program(shlex.split(command), check=False).returncode == 0
    assert run("doctor")[0] == 0


@pytest.mark.parametrize("mode", [0o1777, 0o755, 0o711])
def test_doctor_minds_no_folder_above_where_nobody_can_exchange_anything(
    run: Run, logged_in: Loopback, tmp_path: Path, mode: int
) -> None:
    """Such as /tmp and /home are."""
    (tmp_path / "state").chmod(mode)
    assert run("doctor")[0] == 0


def test_doctor_follows_links_to_the_folders_above(
    run: Run, logged_in: Loopback, tmp_path: Path
) -> None:
    """Those of the name that was given, and of the place that it stands for."""
    real = tmp_path / "disk" / "state"
    real.parent.mkdir(mode=0o777)
    real.parent.chmod(0o777)
    (tmp_path / "state").rename(real)
    (tmp_path / "state").symlink_to(real)
    assert f"others may change or exchange: {real.parent};" in run("doctor")[1]


def test_doctor_sees_what_is_of_another_user(run: Run, logged_in: Loopback, state: Path) -> None:
    """As after sudo; the client cannot give it back."""
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    os.chown(state / "logins", 12345, -1)
    status, out, _ = run("doctor")
    assert status == 1
    assert f"of another user: {state / 'logins'}; that user, or root after sudo, must" in out


def test_doctor_changes_nothing_and_tells_of_drafts(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Also not what a killed command left; the next other command looks after that."""
    left = state / "logins" / ".0123456789abcdef.tmp"
    left.touch(mode=0o600)
    (state / "drafts").mkdir(mode=0o700)
    (state / "drafts" / "a.txt").touch(mode=0o600)
    status, out, _ = run("doctor")
    assert status == 0
    assert f"ok      drafts    texts that were not written, 1: {state / 'drafts' / 'a.txt'}" in out
    assert left.exists()
    run("status")
    assert not left.exists()


def test_profiles_are_listed_and_used(run: Run, logged_in: Loopback, tmp_path: Path) -> None:
    """With the login that each chooses; the chosen one is marked; none is no error."""
    status, out, err = run("profile", "list")
    assert (status, out) == (0, "")
    assert "no profiles; write one into " in err
    assert run("profile", "list", "--json") == (0, "[]\n", "")
    (tmp_path / "config/diaryclient").mkdir(parents=True)
    (tmp_path / "config/diaryclient/config.toml").write_text(
        f'[profile.home]\nserver = "{logged_in.address}"\ntimezone = "UTC"\n'
        '[profile.work]\nserver = "w.test"\nuser = "bob"\n'
    )
    name = f"alice@{logged_in.address}"
    status, out, err = run("profile", "list", DIARY_PROFILE="work")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"home: server {logged_in.address}, timezone UTC, login {name}",
        "work (chosen): server w.test:8888, user bob, not logged in",
    ]
    listed = json.loads(run("--profile", "home", "profile", "list", "--json")[1])
    assert [each["login"] for each in listed] == [name, None]
    assert [each["chosen"] for each in listed] == [True, False]
    assert run("--profile", "home", "whoami")[0] == 0
    assert run("whoami", DIARY_PROFILE="home")[0] == 0
    status, _, err = run("--profile", "work", "whoami")
    assert status == 3
    assert "there is no login for bob@w.test:8888" in err
    assert run("--profile", "wrok", "whoami")[0] == 2


def test_an_outbox_is_narrowed_by_a_profile(
    run: Run, logged_in: Loopback, state: Path, tmp_path: Path
) -> None:
    """As by --server and --user."""
    (tmp_path / "config/diaryclient").mkdir(parents=True)
    (tmp_path / "config/diaryclient/config.toml").write_text('[profile.bob]\nuser = "bob"\n')
    waiting(state, logged_in.login.name, 2)
    waiting(state, "bob@gone.test:8888", 1)
    assert len(run("outbox", "list")[1].splitlines()) == 3
    assert len(run("--profile", "bob", "outbox", "list")[1].splitlines()) == 1
