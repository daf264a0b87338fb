"""Every command explains itself: an example in its help, and a man page made of the same words."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.manpages import PROGRAMS, Named, man_page, tree, write_pages

CLIENT = list(tree("diaryclient", PROGRAMS["diaryclient"]))
ALL = [named for name, program in PROGRAMS.items() for named in tree(name, program)]
_REQUESTS = re.compile(r"\.(TH|SH|PP|TP|RS|RE|nf|fi|B|BR)\b")


@pytest.mark.parametrize("named", CLIENT, ids=[named.words for named in CLIENT])
def test_every_command_shows_an_example(named: Named) -> None:
    """A line that can be typed as it stands; options of the group may come before its name."""
    below = named.words.removeprefix("diaryclient").strip()
    lines = named.command.get_help(named.context).splitlines()
    shown = [line for line in lines if re.match(r"  +(\S.* \| )?diaryclient\b", line)]
    assert any(re.search(rf"diaryclient (-\S+ \S+ )*{below}", line) for line in shown)


@pytest.mark.parametrize("named", ALL, ids=[named.words for named in ALL])
def test_every_command_has_a_line_that_fits(named: Named) -> None:
    """The list of commands, at 80 columns, says what each is for, to the end of the sentence."""
    _, _, listed = named.command.get_help(named.context).partition("Commands:\n")
    assert not [row for row in listed.splitlines() if row.endswith("...")]


@pytest.mark.parametrize("named", ALL, ids=[named.words for named in ALL])
def test_a_page_is_roff_that_says_what_help_says(named: Named) -> None:
    """No line of a text is taken for a request; every option and command is there."""
    page = man_page(named)
    lines = page.splitlines()
    assert all(_REQUESTS.match(line) for line in lines if line.startswith((".", "'")))
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", page)
    plain = page.replace("\\-", "-").replace("\\e", "\\")
    for parameter in named.command.get_params(named.context):
        for option in parameter.opts if parameter.param_type_name == "option" else ():
            assert option in plain
    assert lines[0].startswith(f'.TH "{named.page.upper()}"'.replace("-", "\\-"))


def test_every_command_has_a_page(tmp_path: Path) -> None:
    """Named as `git` names its own; made twice, the bytes are the same."""
    written = write_pages(tmp_path / "man")
    assert [path.name for path in written] == [f"{named.page}.1" for named in ALL]
    assert {"diaryclient.1", "diaryclient-outbox-list.1"} <= {path.name for path in written}
    before = {path: path.read_bytes() for path in written}
    write_pages(tmp_path / "man")
    assert {path: path.read_bytes() for path in written} == before


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("mandoc", ["-T", "lint", "-W", "error"]),
        ("groff", ["-k", "-man", "-Tutf8", "-ww", "-z"]),
    ],
)
def test_the_formatters_find_no_mistake(tmp_path: Path, program: str, words: list[str]) -> None:
    """Whichever of them this machine has."""
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    pages = write_pages(tmp_path)
    done = subprocess.run(
        [program, *words, *pages], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
