"""README and guide tell the truth: their commands are run, their outputs compared."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from diaryclient.cli import main as client_main
from diaryserver.cli import main as server_main
from diaryserver.configuration import read_configuration
from tests.docs.readme import GUIDE, README, Step, blocks, steps, without_what_changes
from tests.in_process import run_in_process
from tests.programs import Home, Server, launch

ROOT = README.parent
BIN = Path(sys.executable).parent
PROGRAMS = {"diaryclient": client_main, "diaryserver": server_main}


@pytest.fixture
def readme_server(tmp_path: Path) -> Iterator[Server]:
    """The server of `make run`: config.example.toml, for alice, on a free port."""
    text = (ROOT / "config.example.toml").read_text()
    text = text.replace('user = "guest"', 'user = "alice"')
    text = re.sub(r"^listen = .*$", 'listen = ["127.0.0.1:0"]', text, flags=re.MULTILINE)
    text = re.sub(r"^public_address = .*$", "", text, flags=re.MULTILINE)
    (tmp_path / "server.toml").write_text(text)
    server = launch(tmp_path, 0)
    yield server
    server.stop()


def run(step: Step, server: Server, home: Home) -> str:
    """Run a step as a shell would, and give what stands on the terminal afterwards."""
    command = step.command.replace("127.0.0.1:8888", server.address)
    command = command.replace("127.0.0.1 8888", f"127.0.0.1 {server.port}")
    for day in sorted(server.folder.glob("diary-data/diaries/alice/*.log")):
        command = re.sub(r"\d{4}-\d\d-\d\d\.log", day.name, command)
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=server.folder,
        env=os.environ | home.env | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    return done.stdout.decode()


def saved(output: str) -> list[str]:
    """Give the names of the entries that an output says were saved."""
    return re.findall(r"^saved ([0-9a-f]{5})", output, re.MULTILINE)


def with_names(step: Step, names: dict[str, str]) -> Step:
    """Put the names that entries have here into a command, for those that are shown."""
    for shown, real in names.items():
        step = replace(step, command=step.command.replace(shown, real))
    return step


@pytest.mark.parametrize("document", [README, GUIDE], ids=["README", "GUIDE"])
def test_a_session_is_what_the_document_shows(
    readme_server: Server, home: Home, document: Path
) -> None:
    """Log in by an invite, then every command gives the output that stands below it."""
    server = readme_server
    server.remove_user("alice")
    invite = server.invite("alice")
    done = home.client("login", invite, "--password-stdin", stdin="a password\n")
    assert done.status == 0, done.err
    ours = [step for step in steps(document) if not re.search(r"\bnc\b", step.command)]
    assert len(ours) >= 7
    names: dict[str, str] = {}
    for step in ours:
        if "train" in step.command:
            server.stop()
        elif not server.is_running and "diaryclient" in step.command:
            server.restart()
        shown = run(with_names(step, names), server, home)
        assert without_what_changes(shown) == without_what_changes(step.output), step.command
        names |= zip(saved(step.output), saved(shown), strict=True)


def test_the_year_is_what_calendar_draws() -> None:
    """As it comes of a diary that was made by chance (tests/golden/make_screens.py)."""
    [shown] = [block for block in blocks("", GUIDE) if block.startswith("$ diaryclient calendar")]
    assert shown.partition("\n")[2] == (ROOT / "tests/golden/screens/calendar.80").read_text()


@pytest.mark.system
@pytest.mark.parametrize("document", [README, GUIDE], ids=["README", "GUIDE"])
def test_netcat_speaks_to_the_server_as_is_shown(
    readme_server: Server, home: Home, document: Path
) -> None:
    """Debian's netcat gets the answers that stand in the document."""
    assert shutil.which("nc"), "install netcat-openbsd"
    plain = [step for step in steps(document) if re.search(r"\bnc\b", step.command)]
    assert plain
    for step in plain:
        shown = run(step, readme_server, home)
        assert without_what_changes(shown).strip() == without_what_changes(step.output).strip()


def test_the_python_example_works(readme_server: Server) -> None:
    """The program in the guide, typed off, writes an entry."""
    [program] = blocks("python", GUIDE)
    program = program.replace("8888", str(readme_server.port))
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, timeout=30, check=False
    )
    assert re.fullmatch(r"\[.{24}\] hello from Python\n", done.stdout.decode()), done.stderr


def test_the_configuration_example_is_one(tmp_path: Path) -> None:
    """The [legacy] section in the guide is accepted, and so is config.example.toml."""
    [legacy] = blocks("toml", GUIDE)
    tomllib.loads(legacy)
    path = tmp_path / "server.toml"
    path.write_text('[server]\nlisten = ["127.0.0.1:8888"]\ndata_dir = "x"\n' + legacy)
    assert read_configuration(path).legacy.route[0].user == "greenhouse"
    assert read_configuration(ROOT / "config.example.toml").server.data_dir == "./diary-data"


def test_every_file_the_documents_point_to_exists() -> None:
    """No link in README or docs leads nowhere."""
    for document in (*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_command_of_the_documents_exists() -> None:
    """Each `diaryclient` or `diaryserver` command that a document names has a help."""
    named = set()
    for document in (README, *sorted((ROOT / "docs").rglob("*.md"))):
        text = document.read_text()
        named |= set(re.findall(r"(diaryclient) ([a-z]{4,})\b(?=[^.]*`)", text))
        named |= set(re.findall(r"(diaryserver) --config \S+ ([a-z]{4,})", text))
    assert ("diaryclient", "login") in named
    assert ("diaryserver", "user") in named
    for program, command in sorted(named):
        done = run_in_process(partial(PROGRAMS[program], [command, "--help"]))
        assert done.status == 0, f"{program} {command}: {done.err}"
