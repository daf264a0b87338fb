"""docs/CLIENT.md says what the client does: its keys, variables, checks and JSON."""

import json
import re
from pathlib import Path

from diaryclient.home.config_file import KEYS, parse_config
from diaryclient.home.settings import ConfigFiles, Places, Settings
from protocol.address import Address
from tests.client.loopback import Loopback, Run
from tests.docs.readme import README
from tools.timewords import with_table

DOCUMENT = (README.parent / "docs" / "CLIENT.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """Give the cells of the tables below a heading, without their first two rows."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> list[str]:
    """Give what a cell has in code style."""
    return re.findall(r"`([^`]+)`", cell)


def test_the_settings_are_these(tmp_path: Path) -> None:
    """The example is accepted, and the table has every key."""
    [example] = re.findall(r"^```toml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert set(parse_config(example.encode(), "x")[0]) == set(KEYS)
    assert {name for row in rows("Settings") for name in names(row[0])} == set(KEYS)
    (tmp_path / "config.toml").write_text(example)
    settings = Settings({"profile": "shared"}, {}, ConfigFiles(Places(tmp_path, tmp_path)))
    chosen = settings.choice()
    assert (chosen.user, chosen.server) == ("family", Address("diary.example.org", 8888))


def test_the_json_is_this(run: Run, logged_in: Loopback) -> None:
    """`status` has the keys of the table in its order; so have the findings of `doctor`."""
    told = json.loads(run("status", "--json")[1])
    tables = rows("Is everything well?")
    checks = [names(row[0])[0] for row in tables if row[-1][:1].isdigit()]
    keys = [name for row in tables if len(row) == 2 for name in names(row[0])]
    assert keys == list(told)
    findings = json.loads(run("doctor", "--json")[1])
    assert [each["check"] for each in findings] == checks
    assert f"of `{'`, `'.join(findings[0])}`" in re.sub(r" \([^)]*\)", "", DOCUMENT)


def test_the_table_of_words_is_that_of_the_reader() -> None:
    """If it is stale: python -m tools.timewords docs/CLIENT.md."""
    assert with_table(DOCUMENT) == DOCUMENT
