"""The configuration file: every mistake in one run, one line each, and nothing created."""

from ipaddress import ip_network
from pathlib import Path
from typing import Final

import pytest

from diaryserver.configuration import (
    MAX_CONFIGURATION_BYTES,
    Configuration,
    QuotaSection,
    find_configuration,
    read_configuration,
)
from diaryserver.errors import ConfigurationError
from diaryserver.service.quotas import NO_LIMIT, Quotas
from protocol.address import Address

GOOD: Final = '[server]\nlisten = ["127.0.0.1:8888"]\ndata_dir = "data"\n'
NO_ENCODING: Final = (
    'write "auto", or a text encoding that Python knows, such as "utf-8", "gb18030", "big5" or'
    ' "shift_jis"'
)
ROOT: Final = Path(__file__).parent.parent.parent


def read(folder: Path, text: str | bytes) -> Configuration:
    """Write a file and read it."""
    path = folder / "server.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_configuration(path)


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    """Give the lines that are said about a file, without its name; it must be all that is there."""
    with pytest.raises(ConfigurationError) as raised:
        read(folder, text)
    assert raised.value.exit_status == 2
    assert [path.name for path in folder.iterdir()] == ["server.toml"]
    prefix = f"{folder / 'server.toml'}: "
    lines = str(raised.value).split("\n")
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


def test_the_least_that_is_needed(tmp_path: Path) -> None:
    """Two keys; plain text is off unless asked for."""
    configuration = read(tmp_path, GOOD)
    assert configuration.server.listen == [Address("127.0.0.1", 8888)]
    assert configuration.server.public_address is None
    assert not configuration.legacy.enabled
    assert list(tmp_path.iterdir()) == [tmp_path / "server.toml"]


def test_the_example_is_valid() -> None:
    """And says the defaults of the plain-text section."""
    configuration = read_configuration(ROOT / "config.example.toml")
    assert configuration.server.public_address == Address("127.0.0.1", 8888)
    legacy = configuration.legacy
    assert (legacy.enabled, legacy.tcp, legacy.user) == (True, True, "guest")
    assert legacy.allow == [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    assert (legacy.reply_limit, legacy.encoding, legacy.route) == (1024, "auto", [])
    assert configuration.quota == QuotaSection()


def test_nothing_is_compressed_unless_asked_for(tmp_path: Path) -> None:
    """By default and in the example; months are counted in whole numbers."""
    assert read(tmp_path, GOOD).storage.compress_after_months == 0
    assert read_configuration(ROOT / "config.example.toml").storage.compress_after_months == 0
    storage = f"{GOOD}\n[storage]\ncompress_after_months = "
    assert read(tmp_path, f"{storage}12").storage.compress_after_months == 12
    for months, wrong in (
        ("-1", "greater than or equal to 0"),
        ("1201", "less than or equal to 1200"),
        ('"12"', "a valid integer"),
    ):
        expected = f"storage.compress_after_months: input should be {wrong}"
        assert mistakes(tmp_path, storage + months) == [expected]


def test_all_that_can_be_said(tmp_path: Path) -> None:
    """Every key, in its other form."""
    configuration = read(
        tmp_path,
        """
        [server]
        listen = ["0.0.0.0:0", "[::1]:8888", "::1", "127.0.0.1"]
        data_dir = "/srv/diary"
        public_address = "Diary.Example.org"
        [legacy]
        enabled = true
        tcp = false
        user = "alice"
        allow = ["192.168.1.0/24", "10.0.0.1"]
        reply_limit = 65507
        encoding = "gb18030"
        [[legacy.route]]
        network = "127.0.0.2/32"
        user = "bob"
        """,
    )
    assert configuration.server.public_address == Address("diary.example.org", 8888)
    assert [str(address) for address in configuration.server.listen] == [
        "0.0.0.0:0",
        "[::1]:8888",
        "[::1]:8888",
        "127.0.0.1:8888",
    ]
    assert configuration.legacy.users() == {"alice", "bob"}
    assert configuration.data == Path("/srv/diary")


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("", Quotas(2**30, 1_000_000, 2**24, 100_000)),
        ('bytes = "20 MiB"\nday_bytes = 5000', Quotas(20 * 2**20, 1_000_000, 5000, 100_000)),
        ('bytes = "unlimited"', Quotas(NO_LIMIT, 1_000_000, 2**24, 100_000)),
        (
            'entries = "unlimited"\nday_entries = "unlimited"',
            Quotas(2**30, NO_LIMIT, 2**24, NO_LIMIT),
        ),
        ("entries = 5\nday_entries = 1", Quotas(2**30, 5, 2**24, 1)),
    ],
)
def test_room_is_said_in_numbers_sizes_or_as_unlimited(
    tmp_path: Path, line: str, limits: Quotas
) -> None:
    """What is not said has a default."""
    assert read(tmp_path, f"{GOOD}\n[quota]\n{line}").quota.limits() == limits


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("bytes = 0", "quota.bytes: input should be greater than or equal to 1"),
        ('bytes = "much"', 'quota.bytes: write a number of bytes, a text such as "1 GiB", or'),
        ("bytes = true", 'quota.bytes: write a number of bytes, a text such as "1 GiB", or'),
        ('bytes = "9e400 GiB"', 'quota.bytes: write a number of bytes, a text such as "1 GiB"'),
        ('bytes = "999999 TiB"', "quota.bytes: input should be less than or equal to"),
        ('day_bytes = "17 MiB"', "quota.day_bytes: input should be less than or equal to 16777216"),
        ('entries = "1 GiB"', "quota.entries: input should be a valid integer"),
        ("day_entries = 1.5", "quota.day_entries: input should be a valid integer"),
        ("day = 1", "quota.day: there is no such key"),
    ],
)
def test_room_that_cannot_be_meant(tmp_path: Path, line: str, mistake: str) -> None:
    """A day is read whole, so its bytes have an end."""
    assert mistake in mistakes(tmp_path, f"{GOOD}\n[quota]\n{line}")[0]


@pytest.mark.parametrize("address", ["diary.example.org:8888", "localhost", "192.0.2.1:1"])
def test_a_public_address_may_be_a_name(tmp_path: Path, address: str) -> None:
    """That is what most clients are told."""
    text = f'[server]\nlisten = ["0.0.0.0:8888"]\ndata_dir = "d"\npublic_address = "{address}"\n'
    assert read(tmp_path, text).server.public_address == Address.parse(address)


def test_relative_paths_are_relative_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the program is started."""
    folder = tmp_path / "etc"
    folder.mkdir()
    assert read(folder, GOOD).data == folder / "data"
    assert read(folder, GOOD.replace('"data"', '"../var/./data"')).data == tmp_path / "var/data"
    monkeypatch.chdir(folder)
    assert read_configuration(Path("server.toml")).data == tmp_path / "var/data"


def test_every_mistake_is_said_in_one_run(tmp_path: Path) -> None:
    """One line each, with the key and what is allowed."""
    said = mistakes(
        tmp_path,
        """
        surprise = 1
        [server]
        listen = ["0.0.0.0:1", "diary.example.org:8888", "127.0.0.1:99999", 8888]
        public_address = "0.0.0.0:1"
        Listen = []
        [legacy]
        enabled = "yes"
        user = "Alice"
        allow = ["127.0.0.1/8", 5]
        reply_limit = 0
        encoding = "rot13"
        [[legacy.route]]
        user = "../etc"
        """,
    )
    assert said == sorted(said)
    for expected in (
        "surprise: there is no such key",
        "server.Listen: there is no such key",
        "server.data_dir: missing",
        "server.listen.1: listen on an IP address, not on a name",
        "server.listen.2: a port is a number from 0 to 65535",
        "server.listen.3: write host, host:port or [v6]:port, in quotes",
        "server.public_address: name a host and a port that clients can reach",
        "legacy.enabled: input should be a valid boolean",
        "legacy.allow.0: write a network, such as 192.168.1.0/24, in quotes",
        "legacy.allow.1: write a network, such as 192.168.1.0/24, in quotes",
        "legacy.reply_limit: input should be greater than or equal to 128",
        f"legacy.encoding: {NO_ENCODING}",
        "legacy.route.0.network: missing",
    ):
        assert expected in said
    assert sum(line.startswith("legacy.user: a user name is") for line in said) == 1
    assert sum(line.startswith("legacy.route.0.user: a user name is") for line in said) == 1
    assert len(said) == 15


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('encoding = "utf-16"', "utf-16 has no lines that TCP could carry: set tcp = false"),
        ('encoding = "cp037"', "cp037 has no lines that TCP could carry: set tcp = false"),
        (
            'tcp = false\nreply_limit = 200\nencoding = "utf-32"',
            "utf-32 needs a reply_limit of at least 336",
        ),
        ('encoding = "zlib"', 'write "auto", or a text encoding that Python knows'),
        ("encoding = 8", "input should be a valid string"),
    ],
)
def test_an_encoding_suits_what_else_is_said(tmp_path: Path, lines: str, said: str) -> None:
    """Lines need bytes of their own for CR and LF, an answer needs room."""
    [only] = mistakes(tmp_path, f"{GOOD}\n[legacy]\n{lines}")
    assert only.startswith(f"legacy.encoding: {said}")


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [
        ('encoding = "Big5"', "big5"),
        ('encoding = "EUC-JP"', "euc_jp"),
        ('encoding = "latin-1"', "iso8859-1"),
        ('tcp = false\nencoding = "utf-16-le"', "utf-16-le"),
    ],
)
def test_any_text_encoding_can_be_named(tmp_path: Path, lines: str, encoding: str) -> None:
    """By any of the names that Python has for it."""
    assert read(tmp_path, f"{GOOD}\n[legacy]\n{lines}").legacy.encoding == encoding


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (
            'listen = ["[fe80::1]:8888"]',
            "listen.0: a link-local address needs its interface, as in",
        ),
        (
            'listen = ["[fe80::1%eth0]:1"]',
            "public_address: needed when listen is a link-local addr",
        ),
        (
            'listen = ["127.0.0.1:1"]\npublic_address = "[fe80::1]:1"',
            "public_address: a link-local address needs the clients' interface behind a %",
        ),
    ],
)
def test_a_link_local_address_needs_what_makes_it_one(
    tmp_path: Path, server: str, said: str
) -> None:
    """A zone here, and an address for the others, to whom ours means nothing."""
    [only] = mistakes(tmp_path, f'[server]\ndata_dir = "d"\n{server}\n')
    assert only.startswith(f"server.{said}")


def test_a_zone_is_kept(tmp_path: Path) -> None:
    """Of what is listened on, and of what clients are told."""
    text = (
        '[server]\nlisten = ["[fe80::1%eth0]:1", "fe80::2%2"]\ndata_dir = "d"\n'
        'public_address = "[fe80::1%wlan0]:1"\n'
    )
    section = read(tmp_path, text).server
    assert list(map(str, section.listen)) == ["[fe80::1%eth0]:1", "[fe80::2%2]:8888"]
    assert str(section.public_address) == "[fe80::1%wlan0]:1"


def test_a_mistake_that_depends_on_another_key_is_said_in_the_same_run(tmp_path: Path) -> None:
    """A wildcard needs a public address, whatever else is wrong."""
    said = mistakes(tmp_path, '[server]\nlisten = ["[::]:8888"]\nextra = 1\n')
    assert said == [
        "server.data_dir: missing",
        "server.extra: there is no such key",
        "server.public_address: needed when listen is a wildcard address",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("listen = []", "server.listen: list should have at least 1 item"),
        ('listen = "127.0.0.1:1"', "server.listen: input should be a valid list"),
        (f"listen = {['127.0.0.1:0'] * 17}", "server.listen: list should have at most 16 items"),
        ('data_dir = ""', "server.data_dir: string should have at least 1 character"),
        ('data_dir = "a\\u0000b"', "server.data_dir: a path has no NUL in it"),
        ("data_dir = 5", "server.data_dir: input should be a valid string"),
        ('public_address = "127.0.0.1:0"', "server.public_address: name a host and a port"),
        ('public_address = "[::]:1"', "server.public_address: name a host and a port"),
        ('public_address = "a b"', "server.public_address: an address is written"),
        ("public_address = 8888", "server.public_address: write host, host:port"),
    ],
)
def test_what_is_wrong_with_a_value_is_said(tmp_path: Path, line: str, said: str) -> None:
    """In one line that names the key."""
    key = line.partition(" =")[0]
    others = [good for good in GOOD.splitlines() if not good.startswith(f"{key} ")]
    [only] = mistakes(tmp_path, "\n".join([*others, line]))
    assert only.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "server: missing"),
        ("server = 5", "server: input should be"),
        ("[server", "Expected ']'"),
        (b"\xff", "not UTF-8"),
        ("x = " + "1" * 5000, "Exceeds the limit"),
        ("#" * (MAX_CONFIGURATION_BYTES + 1), "longer than"),
        (GOOD + 'path = "x"', "server.path: there is no such key"),
        ('path = "x"\n' + GOOD, "path: there is no such key"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    """And no traceback."""
    [only] = mistakes(tmp_path, text)
    assert only.startswith(said)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, name: str) -> None:
    """With its name."""
    with pytest.raises(ConfigurationError, match=r"directory"):
        read_configuration(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_which_file_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one chosen, else the environment's, else the system's."""
    monkeypatch.delenv("DIARY_CONFIG", raising=False)
    assert find_configuration(None) == Path("/etc/diaryserver/server.toml")
    monkeypatch.setenv("DIARY_CONFIG", str(tmp_path / "env.toml"))
    assert find_configuration(None) == tmp_path / "env.toml"
    assert find_configuration(Path("chosen.toml")) == Path("chosen.toml")
