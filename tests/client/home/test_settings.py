"""Which login is meant: flag, environment, file, newest."""

from pathlib import Path

import pytest

from diaryclient.home.settings import Choice, ConfigFiles, Places, Profile, Settings
from protocol.address import Address
from protocol.errors import UsageError
from protocol.identifiers import Username
from tests.client.fakes import FakeClock, FakeServer, login_to

LOGIN = login_to(FakeServer(FakeClock()))
BOB = Username("bob")
ELSEWHERE = Address("::1", 9999)


def places(folder: Path) -> Places:
    """Give places below a folder, the machine's settings included."""
    return Places(folder / "state", folder / "mine", (folder / "first", folder / "second"))


def configure(folder: Path, text: str, whose: str = "mine") -> None:
    """Write a `config.toml`."""
    (folder / whose).mkdir(exist_ok=True)
    (folder / whose / "config.toml").write_text(text)


def choose(folder: Path, flags: dict[str, str | None] | None = None, **environment: str) -> Choice:
    """Give the login that is meant."""
    return Settings(flags or {}, environment, ConfigFiles(places(folder))).choice()


def test_precedence(tmp_path: Path) -> None:
    """Each of the two keys by itself: flag, environment, the person's file, the machine's."""
    assert choose(tmp_path) == Choice()
    configure(tmp_path, 'server = "s.test"\nuser = "sue"\n', "second")
    configure(tmp_path, 'user = "fred"\n', "first")
    assert choose(tmp_path) == Choice(Address("s.test", 8888), Username("fred"))
    configure(tmp_path, 'server = "c.test"\nuser = "carol"\n')
    assert choose(tmp_path) == Choice(Address("c.test", 8888), Username("carol"))
    environment = {"DIARY_SERVER": "e.test", "DIARY_USER": ""}
    chosen = choose(tmp_path, {"server": None, "user": None}, **environment)
    assert chosen == Choice(Address("e.test", 8888), Username("carol"))
    flags: dict[str, str | None] = {"server": "[::1]:1", "user": "bob"}
    assert choose(tmp_path, flags, **environment) == Choice(Address("::1", 1), BOB)


WORK = """
server = "c.test"
user = "carol"
[profile.work]
server = "w.test"
[profile.bob]
user = "bob"
timezone = "UTC"
"""


def test_a_profile_counts_where_it_is_named(tmp_path: Path) -> None:
    """Beside a flag it wins over the environment, as a variable over the file; flags win always."""
    configure(tmp_path, WORK)
    work, carol = Address("w.test", 8888), Username("carol")
    assert choose(tmp_path, {"profile": "work"}) == Choice(work, carol)
    assert choose(tmp_path, {"profile": "work"}, DIARY_SERVER="e.test") == Choice(work, carol)
    assert choose(tmp_path, DIARY_PROFILE="work") == Choice(work, carol)
    elsewhere = Choice(Address("e.test", 8888), carol)
    assert choose(tmp_path, DIARY_PROFILE="work", DIARY_SERVER="e.test") == elsewhere
    assert choose(tmp_path, {"profile": "work", "server": "e.test"}) == elsewhere
    both = choose(tmp_path, {"profile": "bob"}, DIARY_PROFILE="work")
    assert both == Choice(Address("c.test", 8888), BOB)


def test_what_the_command_line_names_alone(tmp_path: Path) -> None:
    """Its flags and its profile, nothing else."""
    configure(tmp_path, WORK)
    environment = {"DIARY_SERVER": "e.test", "DIARY_PROFILE": "work"}
    assert Settings({}, environment, ConfigFiles(places(tmp_path))).typed_choice() == Choice()
    flags = {"profile": "bob", "server": "a.test"}
    chosen = Settings(flags, environment, ConfigFiles(places(tmp_path))).typed_choice()
    assert chosen == Choice(Address("a.test", 8888), BOB)


def test_profiles_of_all_files(tmp_path: Path) -> None:
    """By name; of two with one name the person's own counts, whole."""
    configure(tmp_path, WORK)
    configure(tmp_path, '[profile.all]\n[profile.bob]\nserver = "x.test"\n', "second")
    settings = Settings({"profile": "bob"}, {}, ConfigFiles(places(tmp_path)))
    assert settings.profiles() == [
        Profile("all", Choice(), ""),
        Profile("bob", Choice(None, BOB), "UTC"),
        Profile("work", Choice(Address("w.test", 8888), None), ""),
    ]
    assert settings.profile == "bob"
    assert settings.timezone()[1] == "UTC"
    assert Settings({"timezone": "Asia/Tokyo"}, {}, ConfigFiles(places(tmp_path))).timezone() == (
        "--tz",
        "Asia/Tokyo",
    )


@pytest.mark.parametrize(
    ("flags", "environment", "origin"),
    [({"profile": "wrok"}, {}, "--profile"), ({}, {"DIARY_PROFILE": "wrok"}, "DIARY_PROFILE")],
)
def test_an_unknown_profile_lists_those_there_are(
    tmp_path: Path, flags: dict[str, str | None], environment: dict[str, str], origin: str
) -> None:
    """Or says where one is described."""
    message = f"{origin}: there is no profile wrok; there are none; .*mine/config.toml"
    with pytest.raises(UsageError, match=message):
        Settings(flags, environment, ConfigFiles(places(tmp_path)))
    configure(tmp_path, WORK)
    with pytest.raises(UsageError, match=f"{origin}: .* no profile wrok; there are bob, work"):
        Settings(flags, environment, ConfigFiles(places(tmp_path)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sever = 'x'\nport = 1\nuser = 1", ["sever", "port", "user: must be a text"]),
        ("user = [", ["config.toml"]),
        ("user = 'UPPER'", ["config.toml: user", "a user name is"]),
        ("server = 'a b'", ["config.toml: server", "an address is written"]),
        ("server = 'a:0'", ["port 0"]),
        ("date_order = 'ymd'", ['date_order: must be "dmy"']),
        ("[profile.b]\ndate_order = ''", ['b.date_order: must be "dmy"']),
        ("profile = 1", ["profile: must be a table for each"]),
        ("profile.a = 1\n[profile.b]\nuser = 1\nx = ''", ["profile.a: ", "b.user: ", "b.x: "]),
    ],
)
def test_every_mistake_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    """Unknown keys and wrong values, one line each."""
    configure(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        choose(tmp_path)
    assert all(word in str(caught.value) for word in words)


def test_a_profiles_wrong_value_is_named(tmp_path: Path) -> None:
    """With the profile it stands in, and whether it is the chosen one or not."""
    configure(tmp_path, "[profile.work]\nserver = 'a b'")
    assert choose(tmp_path) == Choice()
    with pytest.raises(UsageError, match=r"config.toml: profile.work.server: an address"):
        choose(tmp_path, {"profile": "work"})
    with pytest.raises(UsageError, match=r"profile.work.server: an address"):
        Settings({}, {}, ConfigFiles(places(tmp_path))).profiles()


@pytest.mark.parametrize("variable", ["DIARY_SERVER", "DIARY_USER"])
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str) -> None:
    """Where the wrong value stands is part of the message."""
    with pytest.raises(UsageError, match=variable):
        Settings({}, {variable: "a b"}, ConfigFiles(places(tmp_path))).choice()


def test_places_follow_xdg() -> None:
    """Absolute variables count, relative ones do not."""
    home = {"HOME": "/home/a"}
    assert Places.of(home).state == Path("/home/a/.local/state/diaryclient")
    assert Places.of(home).config == Path("/home/a/.config/diaryclient")
    moved = home | {"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "relative"}
    assert Places.of(moved).state == Path("/s/diaryclient")
    assert Places.of(moved).config == Path("/home/a/.config/diaryclient")
    assert Places.of(home).system == (Path("/etc/xdg/diaryclient"),)
    assert Places.of(home | {"XDG_CONFIG_DIRS": "/a:b:/c"}).config_files == [
        Path("/home/a/.config/diaryclient/config.toml"),
        Path("/a/diaryclient/config.toml"),
        Path("/c/diaryclient/config.toml"),
    ]
