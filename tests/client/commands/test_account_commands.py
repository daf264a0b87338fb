"""`passwd` and `account delete`, typed at a terminal and by scripts."""

import re
from pathlib import Path

import pytest

from diaryclient.browsing.exporting import export_days
from diaryclient.errors import ExportError
from diaryclient.home.logins import Logins
from diaryclient.home.settings import Choice
from protocol.errors import ErrorCode
from protocol.identifiers import Day
from protocol.messages.account import Delete
from tests.client.desk import Desk
from tests.client.fakes import KID, file_mode
from tests.client.loopback import PASSWORD, Loopback, Run, closed_port, lend
from tests.client.terminal import finish, terminal

NEW = "a new password"
LINES = f"{PASSWORD}\n{NEW}\n".encode()


def test_a_password_is_changed_by_two_lines(run: Run, logged_in: Loopback, state: Path) -> None:
    """The login stays, with another token; how many others ended is said."""
    phone = logged_in.fake.account._make("phone", "full", 0)
    status, out, err = run("passwd", "--password-stdin", stdin=LINES)
    assert (status, err) == (0, "")
    assert out == f"changed the password of {logged_in.login.name}; 1 other login ended\n"
    assert logged_in.fake.account.password == NEW
    assert phone.ended is ErrorCode.REVOKED
    assert Logins(state / "logins").choose(Choice()).kid != KID
    assert run("whoami")[0] == 0


def test_other_logins_can_be_kept(run: Run, logged_in: Loopback) -> None:
    """And that is said too."""
    logged_in.fake.account._make("phone", "full", 0)
    status, out, _ = run("passwd", "--password-stdin", "--keep-tokens", stdin=LINES)
    assert status == 0
    assert out.endswith("; 1 other login stays\n")


@pytest.mark.parametrize(
    ("stdin", "status", "message"),
    [
        (b"wrong horse\na new password\n", 3, "the current password is not right; nothing was"),
        (b"correct horse\nshort\n", 2, "8 characters"),
        (b"correct horse\n", 2, "the password is empty"),
        (b"correct horse\n\xff\n", 2, "not valid UTF-8"),
    ],
)
def test_what_is_no_change(
    run: Run, logged_in: Loopback, state: Path, stdin: bytes, status: int, message: str
) -> None:
    """The old password and the old login stay."""
    done = run("passwd", "--password-stdin", stdin=stdin)
    assert done[:2] == (status, "")
    assert message in done[2]
    assert logged_in.fake.account.password == PASSWORD
    assert Logins(state / "logins").choose(Choice()) == logged_in.login


def test_a_terminal_asks_for_the_current_password_and_twice_for_the_new_one(
    logged_in: Loopback, environment: dict[str, str]
) -> None:
    """Without echo; two that differ change nothing, and are asked for again."""
    child = terminal("passwd", environment=environment)
    for question, answer in (
        ("Current password of alice@", PASSWORD),
        ("New password", NEW),
        ("Once more", "another password"),
        ("differ.*New password", NEW),
        ("Once more", NEW),
    ):
        child.expect(question)
        assert logged_in.fake.account.password == PASSWORD
        child.sendline(answer)
    status, rest = finish(child)
    assert (status, logged_in.fake.account.password) == (0, NEW)
    assert NEW not in rest


def test_an_unanswered_change_says_that_nobody_knows(run: Run, logged_in: Loopback) -> None:
    """The login stays as it is."""
    logged_in.fake.stale_cookies = 100
    status, _, err = run("passwd", "--password-stdin", stdin=LINES)
    assert status == 4
    assert "if the request arrived, the new password holds" in err


def test_a_change_that_was_never_asked_for_leaves_no_doubt(
    run: Run, loopback: Loopback, state: Path
) -> None:
    """Nothing listens, so no password was sent."""
    Logins(state / "logins").save(loopback.login._replace(address=closed_port()))
    status, _, err = run("passwd", "--password-stdin", stdin=LINES)
    assert status == 4
    assert "nothing listens" in err
    assert "the new password holds" not in err


def test_a_lent_token_changes_no_password(run: Run, loopback: Loopback) -> None:
    """It could not keep the new token."""
    word = lend(loopback, "full")
    status, _, err = run("passwd", "--password-stdin", stdin=LINES, DIARY_TOKEN=word)
    assert status == 2
    assert "unset it" in err
    assert loopback.fake.kinds == []


def test_an_account_is_exported_then_deleted(
    run: Run, logged_in: Loopback, state: Path, tmp_path: Path
) -> None:
    """The copy is what the server has, byte for byte; the login is gone, what waited was sent."""
    run("write", "one\ntwo")
    logged_in.fake.files[Day("2001-02-03")] = b"a line by hand\n" * 500
    logged_in.fake.refusals.append(ErrorCode.QUOTA)
    run("write", "waited")
    folder = tmp_path / "copy"
    status, out, err = run("account", "delete", "--yes", "--to", str(folder))
    assert status == 0
    assert out == f"deleted the account {logged_in.login.name}; your copy is {folder}\n"
    assert f"copied 2 days, 2 entries, {_size(logged_in)} bytes to {folder}" in err
    assert "the server keeps an archive, which its operator can remove" in err
    copied = {path.stem: path.read_bytes() for path in folder.iterdir()}
    assert copied == logged_in.fake.files
    assert b"waited" in b"".join(copied.values())
    assert logged_in.fake.account.is_deleted
    assert not list((state / "logins").glob("*.json"))
    assert (file_mode(folder), file_mode(folder / "2001-02-03.log")) == (0o700, 0o600)


def _size(loopback: Loopback) -> int:
    return sum(map(len, loopback.fake.files.values()))


def test_a_terminal_asks_for_the_name(
    logged_in: Loopback, environment: dict[str, str], tmp_path: Path
) -> None:
    """Anything but the user's name deletes nothing, and the copy stays."""
    for number, (typed, status) in enumerate((("y", 2), ("alice", 0))):
        folder = tmp_path / str(number)
        child = terminal("account", "delete", "--to", str(folder), environment=environment)
        child.expect("Type alice to delete it")
        child.sendline(typed)
        assert finish(child)[0] == status
        assert folder.is_dir()
        assert logged_in.fake.account.is_deleted == (status == 0)


def test_the_folder_has_a_name_of_its_own(
    run: Run, logged_in: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`diary-USER-DATE`, here; what exists is never touched."""
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("account", "delete", "--yes")
    assert status == 0
    assert re.search(r"diary-alice-\d{4}-\d\d-\d\d\n$", out)
    [folder] = tmp_path.glob("diary-alice-*")
    assert list(folder.iterdir()) == []
    assert logged_in.fake.account.is_deleted


def test_an_existing_folder_stops_everything(run: Run, logged_in: Loopback, tmp_path: Path) -> None:
    """Nothing is deleted, and nothing overwritten."""
    status, _, err = run("account", "delete", "--yes", "--to", str(tmp_path))
    assert status == 1
    assert "exists already; name another folder with --to" in err
    assert not logged_in.fake.account.is_deleted


def test_a_lost_answer_counts_as_done(
    run: Run, logged_in: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signed REVOKED to the repetition says that the account is gone."""
    answers = logged_in.fake._request
    lost = iter([True])

    def lossy(envelope: object) -> list[bytes]:
        found = answers(envelope)  # type: ignore[arg-type]
        is_delete = isinstance(logged_in.fake.requests[-1][1], Delete)
        return found[is_delete and next(lost, False) :]

    monkeypatch.setattr(logged_in.fake, "_request", lossy)
    status, out, _ = run("account", "delete", "--yes", "--to", str(tmp_path / "copy"))
    assert status == 0
    assert out.startswith("deleted the account ")
    assert sum(isinstance(each, Delete) for _, each in logged_in.fake.requests) == 2


def test_a_refused_delete_says_where_the_copy_is(
    run: Run, logged_in: Loopback, state: Path, tmp_path: Path
) -> None:
    """And the login stays."""
    logged_in.fake.account.tokens[KID].scopes = "read"
    status, _, err = run("account", "delete", "--yes", "--to", str(tmp_path / "copy"))
    assert status == 3
    assert "its scope is" in err
    assert err.endswith(f"; the copy is in {tmp_path / 'copy'}\n")
    assert Logins(state / "logins").choose(Choice()) == logged_in.login


def test_a_login_that_may_not_delete_copies_nothing(
    run: Run, logged_in: Loopback, state: Path, tmp_path: Path
) -> None:
    """It is told before the work is done."""
    Logins(state / "logins").save(logged_in.login._replace(scopes="read"))
    status, _, err = run("account", "delete", "--yes", "--to", str(tmp_path / "copy"))
    assert status == 3
    assert "this login's scope is read; log in again" in err
    assert not (tmp_path / "copy").exists()


def test_what_is_written_meanwhile_is_exported_too(desk: Desk, tmp_path: Path) -> None:
    """The copy is what the server lists after it was made."""
    diary = desk.diary()
    diary.put(diary.compose("first"))
    [day] = desk.server.files
    more = iter([b"more\n", b"and more\n"])

    def write() -> None:
        desk.server.files[day] += next(more, b"")

    desk.server.before_read = write
    exported = export_days(diary, tmp_path / "copy")
    data = (exported.folder / f"{day}.log").read_bytes()
    assert data == desk.server.files[day]
    assert data.endswith(b"and more\n")
    assert (exported.days, exported.size) == (1, len(data))


def test_a_diary_that_never_holds_still_is_not_exported(desk: Desk, tmp_path: Path) -> None:
    """It ends, says so, and leaves nothing behind."""
    diary = desk.diary()
    diary.put(diary.compose("first"))
    [day] = desk.server.files

    def write() -> None:
        desk.server.files[day] += b"more\n"

    desk.server.before_read = write
    with pytest.raises(ExportError, match="changes all the time"):
        export_days(diary, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_a_day_that_was_cleared_meanwhile_is_not_in_the_copy(desk: Desk, tmp_path: Path) -> None:
    """It lies in the server's archive, as every cleared day does."""
    diary = desk.diary()
    diary.put(diary.compose("first"))
    [day] = desk.server.files

    def clear() -> None:
        if desk.server.files.pop(day, None) is not None:
            desk.server.generations[day] = 1

    desk.server.before_read = clear
    assert export_days(diary, tmp_path / "copy").days == 0
