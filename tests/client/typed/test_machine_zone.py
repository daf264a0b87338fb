"""Zones that there are not: TZ, `timezone`, `--tz`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diaryclient.typed.machine_zone import is_known_zone
from tests.client.loopback import Loopback, Run

KNOWN = (
    *("UTC", "GMT", "Europe/Berlin", ":Asia/Shanghai", "Etc/GMT+5", "EST5EDT", "<-03>3"),
    *("CET-1CEST,M3.5.0,M10.5.0/3", "/usr/share/zoneinfo/Europe/Berlin", "XYZ-5:30"),
)
UNKNOWN = (
    *("Nowhere/City", "Berlin", "europe/berlin", "JST", "+8", "UTC+", "Europe", "/etc/passwd"),
    *("8", "zone.tab", "/usr/share/zoneinfo", "Europe/Berlin ", "\x7f"),
)


@pytest.mark.parametrize("name", KNOWN)
def test_the_c_library_knows_it(name: str) -> None:
    """By name, by path, or in POSIX's own terms."""
    assert is_known_zone(name, {})


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_c_library_takes_it_for_utc(name: str) -> None:
    """So it is a mistake."""
    assert not is_known_zone(name, {})
    shown = subprocess.run(
        [sys.executable, "-c", "import time; print(time.localtime(0).tm_gmtoff)"],
        env=os.environ | {"TZ": name},
        capture_output=True,
        check=True,
    )
    assert shown.stdout == b"0\n"


def test_another_database(tmp_path: Path) -> None:
    """TZDIR names it."""
    assert not is_known_zone("Europe/Berlin", {"TZDIR": str(tmp_path)})
    (tmp_path / "Mine").write_bytes(Path("/usr/share/zoneinfo/UTC").read_bytes())
    assert is_known_zone("Mine", {"TZDIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("TZ", "Nowhere/City", "TZ: there is no time zone 'Nowhere/City'; write one such as"),
        ("TZ", "Berlin", "TZ: there is no time zone 'Berlin'; did you mean Europe/Berlin?"),
        ("TZ", "Europe/Berlln", "did you mean Europe/Berlin"),
        ("DIARY_TIMEZONE", "asia/shanghai", "DIARY_TIMEZONE: there is no"),
        ("DIARY_TIMEZONE", "shanghai", "did you mean Asia/Shanghai?"),
    ],
)
def test_a_zone_that_there_is_not_is_a_mistake(
    run: Run, logged_in: Loopback, variable: str, value: str, said: str
) -> None:
    """Exit 2 before anything is sent; a text is given back, from whatever it came."""
    for words, stdin in ((["write", "my text"], b""), (["write"], b"my text"), ([], b"my text\n")):
        status, out, err = run(*words, stdin=stdin, **{variable: value})
        assert (status, out) == (2, ""), words
        assert said in err
        assert "| my text\n" in err
    assert run("read", **{variable: value})[:2] == (2, "")
    found = json.loads(run("doctor", "--json", **{variable: value})[1])[0]
    assert (found["check"], found["state"], said in found["message"]) == ("config", "problem", True)
    assert logged_in.fake.contents == {}


def test_what_is_set_elsewhere_counts_more_than_tz(run: Run, logged_in: Loopback) -> None:
    """Then TZ means nothing here."""
    assert run("read", "--tz", "UTC", TZ="Nowhere/City")[0] == 0
    assert run("read", DIARY_TIMEZONE="UTC", TZ="Nowhere/City")[0] == 0


def test_a_login_asks_nothing_of_the_server_first(run: Run, loopback: Loopback) -> None:
    """An invite would be spent, and the answer not be shown."""
    words = ("login", str(loopback.address), "alice", "--accept-new", "--password-stdin")
    assert run(*words, stdin=b"correct horse\n", TZ="Nowhere/City")[:2] == (2, "")
    assert loopback.fake.forms == []


def test_a_profile_that_is_not_used_is_looked_at_by_doctor(
    run: Run, logged_in: Loopback, tmp_path: Path
) -> None:
    """It will be used one day."""
    config = tmp_path / "config" / "diaryclient" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[profile.travel]\ntimezone = "Nowhere/City"\n')
    assert run("read")[0] == 0
    status, out, _ = run("doctor")
    assert status == 2
    assert "profile.travel.timezone: there is no time zone 'Nowhere/City'" in out
