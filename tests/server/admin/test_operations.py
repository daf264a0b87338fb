"""The operator's commands below the command line: what they refuse, say and change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diaryserver.composition import Operating, build_operations
from diaryserver.configuration import read_configuration
from diaryserver.engine import Data
from diaryserver.service.ports.accounts import Use
from protocol.errors import BusyError, NotFoundError, UsageError
from tests.server.estate import ALICE, BOB, opened, put
from tests.server.fakes import NOON, token_of

A_YEAR = 366 * 86_400_000


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Data]:
    """Alice, who has a password and a diary."""
    (tmp_path / "server.toml").write_text(
        '[server]\nlisten = ["127.0.0.1:8888"]\ndata_dir = "data"\n'
    )
    with opened(tmp_path / "data") as open_:
        alice = open_.accounts.add_user(ALICE, NOON)
        open_.accounts.set_password_hash(alice, "hash")
        yield open_


@pytest.fixture
def operating(data: Data, tmp_path: Path) -> Operating:
    """The commands, without a server."""
    return build_operations(data, read_configuration(tmp_path / "server.toml"))


def run(operating: Operating, command: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Run one."""
    return operating.operations.run(command, arguments)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("user find", {}),
        ("user invite", {}),
        ("user passwd", {"password": "long enough", "keep_tokens": False}),
        ("user disable", {}),
        ("user enable", {}),
        ("user remove", {"purge": True}),
        ("token list", {}),
        ("token revoke", {"token": "0000"}),
    ],
)
def test_nobody_is_nobody(operating: Operating, command: str, arguments: dict[str, object]) -> None:
    """One line, exit status 7, and nothing is changed."""
    before = run(operating, "user list")
    with pytest.raises(NotFoundError, match="there is no user nobody"):
        run(operating, command, name="nobody", **arguments)
    assert run(operating, "user list") == before


def test_a_login_is_named_by_a_clear_part_of_its_id(data: Data, operating: Operating) -> None:
    """A part that fits several, or none, or nothing at all, ends none."""
    alice = data.accounts.find_user(ALICE)
    assert alice is not None
    for number in (0x1111111111111122, 0x1111111111111133):
        data.accounts.mint(token_of(alice, number), b"", "hash")
        data.accounts.mark_used(token_of(alice, number), NOON)
    with pytest.raises(UsageError, match="stands for 2 logins"):
        run(operating, "token revoke", token="1111", name=None)
    for part in ("", "2", "122"):
        with pytest.raises(UsageError, match="4 characters of the id at least"):
            run(operating, "token revoke", token=part, name=None)
    for part in ("4444", "alice", "1122 "):
        with pytest.raises(NotFoundError):
            run(operating, "token revoke", token=part, name=None)
    assert run(operating, "token revoke", token="1133", name="alice") == {
        "id": "1111111111111133",
        "user": "alice",
    }
    left = run(operating, "token list", name=None)
    assert [row["id"] for row in left] == ["1111111111111122"]
    data.accounts.add_user(BOB, NOON)
    with pytest.raises(NotFoundError):
        run(operating, "token revoke", token="1122", name="bob")


def test_a_listed_login_says_all_there_is_to_know(data: Data, operating: Operating) -> None:
    """And nothing that is secret."""
    alice = data.accounts.find_user(ALICE)
    assert alice is not None
    token = token_of(alice, 0xAB)
    data.accounts.mint(token, b"", "hash")
    data.accounts.mark_used(token, NOON)
    data.accounts.touch(token.kid, Use(NOON + 1000, "192.0.2.7"))
    assert run(operating, "token list", name="alice") == [
        {
            "id": "00000000000000ab",
            "user": "alice",
            "name": "laptop",
            "scope": "full",
            "created": "2026-11-22T12:00:00+00:00",
            "used": "2026-11-22T12:00:01+00:00",
            "address": "192.0.2.7",
            "expires": None,
        }
    ]


def test_a_disabled_user_is_shown_and_not_invited(data: Data, operating: Operating) -> None:
    """An invite would let in who shall not come in; the one that was there is void."""
    alice = data.accounts.find_user(ALICE)
    assert alice is not None
    code = data.accounts.invite(alice, NOON + A_YEAR)
    run(operating, "user disable", name="alice")
    assert [row["state"] for row in run(operating, "user list")] == ["disabled"]
    with pytest.raises(UsageError, match="user enable alice"):
        run(operating, "user invite", name="alice")
    assert not data.accounts.has_user(ALICE)
    assert data.accounts.password_hash(alice) != "hash"
    run(operating, "user enable", name="alice")
    assert [row["state"] for row in run(operating, "user list")] == ["active"]
    assert data.accounts.has_user(ALICE)
    assert data.accounts.password_hash(alice) == "hash"
    assert not data.accounts.is_invite(alice, code, NOON)


def test_who_is_disabled_stays_so_over_a_start(data: Data, operating: Operating) -> None:
    """Also a user whom the configuration names for plain text: the start makes no second one."""
    run(operating, "user disable", name="alice")
    operating.users.ensure([ALICE])
    assert [row["state"] for row in run(operating, "user list")] == ["disabled"]
    assert not data.accounts.has_user(ALICE)


@pytest.mark.parametrize("password", ["seven77", "x" * 257])
def test_another_password_must_be_one(operating: Operating, data: Data, password: str) -> None:
    """Nothing changes, and it is not repeated."""
    alice = data.accounts.find_user(ALICE)
    with pytest.raises(UsageError) as caught:
        run(operating, "user passwd", name="alice", password=password, keep_tokens=False)
    assert password not in str(caught.value)
    assert data.accounts.password_hash(alice) == "hash"


def test_a_purge_leaves_what_others_left_aside(data: Data, operating: Operating) -> None:
    """An earlier user of the same name was removed, not purged."""
    put(data, "kept")
    run(operating, "user remove", name="alice", purge=False)
    data.accounts.add_user(ALICE, NOON)
    put(data, "to be gone")
    assert run(operating, "user remove", name="alice", purge=True) == {"user": "alice", "diary": ""}
    with pytest.raises(NotFoundError):
        run(operating, "user remove", name="alice", purge=True)


@pytest.mark.parametrize("lifetime", [-1, A_YEAR + 1])
def test_a_deadline_has_bounds(operating: Operating, lifetime: int) -> None:
    """Nothing is made."""
    with pytest.raises(UsageError, match="at most 366 days"):
        run(operating, "key rotate", lifetime=lifetime)
    assert len(run(operating, "key show")["generations"]) == 1


def test_keys_are_shown_without_a_key(data: Data, operating: Operating, tmp_path: Path) -> None:
    """Generations, times, counts; no bytes of any file, in no form."""
    run(operating, "key rotate", lifetime=86_400_000)
    alice = data.accounts.find_user(ALICE)
    assert alice is not None
    assert data.accounts.mint(token_of(alice, 1, generation=2), b"", "hash")
    data.accounts.mark_used(token_of(alice, 1), NOON)
    with pytest.raises(BusyError):
        data.accounts.mint(token_of(alice, 2, generation=1), b"", "hash")
    shown = run(operating, "key show")
    assert shown["fingerprint"] == run(operating, "fingerprint")
    rows = [(row["generation"], row["current"], row["logins"]) for row in shown["generations"]]
    assert rows == [(1, False, 0), (2, True, 1)]
    assert shown["generations"][0]["retires"] > shown["generations"][1]["created"]
    for path in (tmp_path / "data" / "keys").iterdir():
        assert path.read_bytes().hex() not in str(shown)
