"""Files in a person's home that hold anything: named once, set aside, and all else goes on."""

import json
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diaryclient.errors import DamagedLoginError
from diaryclient.files.private_files import write_private
from diaryclient.home.config_file import parse_config
from diaryclient.home.logins import Logins
from diaryclient.home.outbox import Outbox
from diaryclient.home.settings import Choice
from protocol.errors import UsageError
from tests.client.fakes import FakeClock, FakeServer, login_to
from tests.client.home.test_outbox import entry
from tests.client.loopback import PASSWORD, Loopback, Run

DEEP: Final = b"[" * 100_000
"""More than any reader of JSON or TOML goes down."""

LONE: Final = json.dumps({"at": 1, "off": 0, "text": "\ud800", "star": False, "refused": None})
"""Half a character, which no UTF-8 has a form for."""

VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def changed(whole: bytes) -> st.SearchStrategy[bytes]:
    """Give files that a hand has made of one: any bytes, cut off, or with another value in it."""
    values = json.loads(whole)
    return st.one_of(
        st.binary(max_size=60),
        st.integers(0, len(whole) - 3).map(lambda end: whole[:end]),
        st.tuples(st.sampled_from(sorted(values)), VALUES).map(
            lambda each: json.dumps(values | {each[0]: each[1]}).encode()
        ),
        VALUES.map(lambda value: json.dumps(value).encode()),
        st.just(DEEP),
    )


def entry_file() -> bytes:
    """Give a file of the outbox as it should be."""
    values = {"at": 1_795_000_000_000, "off": 60, "text": "text", "star": False, "refused": None}
    return json.dumps(values).encode()


def login_file() -> bytes:
    """Give a login's file as it should be."""
    login = login_to(FakeServer(FakeClock()))
    values = {
        "server": str(login.address),
        "user": login.user,
        "kid": login.kid.hex(),
        "root": login.root.hex(),
        "fingerprint": login.fingerprint,
        "scopes": login.scopes,
        "expires": 0,
        "created": 0,
        "offset": 0,
    }
    return json.dumps(values).encode()


@given(changed(entry_file()))
@example(LONE.encode())
@example(DEEP)
def test_an_outbox_with_any_file_in_it(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """What is an entry can be sent; what is none is set aside, once, as it was."""
    outbox = Outbox(tmp_path_factory.mktemp("outbox"))
    outbox.keep(entry(2))
    path = outbox.path(entry(1).id)
    write_private(path, data)
    found = list(outbox.entries())
    assert found[-1] == entry(2)
    for each in found:
        each.text.encode()
    told = outbox.set_damaged_aside()
    assert len(told) == 2 - len(found)
    if told:
        aside = path.with_name(f"{path.name}.damaged")
        assert aside.name in told[0]
        assert aside.read_bytes() == data
    assert outbox.set_damaged_aside() == []
    assert list(outbox.entries()) == found


@given(changed(login_file()))
@example(DEEP)
def test_a_login_of_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """It is a login, or damaged and said to be so; then it is set aside, once, as it was."""
    logins = Logins(tmp_path_factory.mktemp("logins"))
    login = login_to(FakeServer(FakeClock()))
    logins.save(login)
    path = logins.path(login.name)
    write_private(path, data)
    try:
        logins.choose(Choice())
    except DamagedLoginError:
        [told] = logins.set_damaged_aside(Choice())
        aside = path.with_name(f"{path.name}.damaged")
        assert aside.name in told
        assert aside.read_bytes() == data
    assert logins.set_damaged_aside(Choice()) == []


@given(st.binary(max_size=60) | st.text().map(str.encode))
@example(b"a = " + DEEP)
@example(b"a = " + b"{a=" * 100_000)
def test_settings_of_any_bytes(data: bytes) -> None:
    """They are settings, or a mistake that is named."""
    told = ""
    try:
        parse_config(data, "config.toml")
    except UsageError as error:
        told = str(error)
    assert not told or all(line.startswith("config.toml: ") for line in told.split("\n"))


def test_a_damaged_login_is_named_once_and_repaired_by_its_own_command(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """The command that meets it ends with 3 and keeps the text; `login` makes a new one."""
    path = state / "logins" / f"{logged_in.login.name}.json"
    path.write_bytes(DEEP)
    status, out, err = run("write", "text")
    assert (status, out) == (3, "")
    assert "| text" in err
    command = f"diaryclient login {logged_in.address} alice"
    assert (
        f"{path} is damaged; it is set aside as {path.name}.damaged; log in again: {command}" in err
    )
    assert run("read")[0] == 3
    write_private(path, b"")
    status, _, err = run(
        *command.split()[1:], "--accept-new", "--password-stdin", stdin=PASSWORD.encode()
    )
    assert status == 0
    assert f"it is set aside as {path.name}.damaged-1" in err
    assert run("write", "text")[0] == 0


def test_a_damaged_login_stands_in_no_other_ones_way(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Whoever says which login is meant does not hear of it; and doctor looks and moves nothing."""
    other = state / "logins" / "bob@elsewhere.test:8888.json"
    write_private(other, b"\xff")
    assert run("--user", "alice", "write", "text")[0] == 0
    assert run("doctor")[0] == 3
    assert other.exists()
    assert run("write", "text")[0] == 3
    assert not other.exists()
    assert run("write", "text")[0] == 0
    assert len(logged_in.fake.contents) == 2


def test_damaged_entries_are_named_once_by_whatever_sends_the_rest(
    run: Run, logged_in: Loopback, state: Path
) -> None:
    """Each command that delivers: write, read, lines from a pipe, flush."""
    outbox = Outbox(state / "outbox" / logged_in.login.name)
    for words, stdin in (
        (["write", "text"], b""),
        (["read"], b""),
        ([], b"line\n"),
        (["outbox", "flush"], b""),
        (["outbox", "list"], b""),
    ):
        for data in (b"\xff", LONE.encode(), DEEP):
            write_private(outbox.path(entry(1).id), data)
            status, _, err = run(*words, stdin=stdin)
            assert status == 0
            assert err.count("is damaged and holds no entry; it is set aside as") == 1
            assert run(*words, stdin=stdin)[2] in {"", "nothing waits\n"}
