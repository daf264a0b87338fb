"""What a start takes: who writes an entry waits for nothing that it does not need."""

import gc
import os
import subprocess
import sys
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from diaryclient.cli import main, words_of_entry
from diaryclient.commands.write import command
from tests.client.loopback import Loopback

_WRITE_AND_TELL: Final = """
import sys
from diaryclient.cli import main
assert main(["write", "a", "text"]) == 0
ours = [module for name, module in sys.modules.items() if name.startswith(("diary", "protocol"))]
classes = {each for module in ours for each in vars(module).values() if isinstance(each, type)}
made = {each.__name__ for each in classes if "__dataclass_fields__" in vars(each)}
print(*sys.modules, "dataclasses:", *made, file=sys.stderr)
"""
_UNWANTED: Final = {
    # of others
    *("asyncio", "click", "getpass", "importlib.metadata", "logging", "pydantic"),
    *("prompt_toolkit", "rich", "secrets", "subprocess", "tomllib", "unicodedata", "uuid"),
    *("wcwidth", "zoneinfo"),
    *("cryptography.hazmat.primitives.asymmetric", "cryptography.hazmat.primitives.hpke"),
    # of ours: what reads, what logs in, what few texts need
    *("diaryclient.api", "diaryclient.commands.group", "diaryclient.home.config_file"),
    *(
        "diaryclient.typed.date_words",
        "diaryclient.diary.open_diary",
        "diaryclient.typed.editor",
        "diaryclient.entries.entry",
    ),
    *("diaryclient.login.granting", "diaryclient.login.ending", "diaryclient.diary.reading"),
    *(
        "diaryclient.typed.times.time_languages",
        "diaryclient.typed.times.time_reading",
        "diaryclient.typed.time_reader",
    ),
    *(
        "diaryclient.login.renewal",
        "diaryclient.typed.standard_input",
        "diaryclient.login.token_list",
    ),
    *(
        "protocol.caseless",
        "protocol.dayfile",
        "protocol.login",
        "protocol.messages.diary",
        "protocol.messages.table",
    ),
    *("protocol.offer", "protocol.tokenword"),
}


def test_a_write_imports_little(logged_in: Loopback, environment: dict[str, str]) -> None:
    """From the words typed to the answer: no parser of options, nothing that reads.

    A frozen dataclass takes half a millisecond to make: only messages are such.
    """
    done = subprocess.run(
        [sys.executable, "-c", _WRITE_AND_TELL],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert len(logged_in.fake.contents) == 1
    modules, _, dataclasses = done.stderr.partition("dataclasses:")
    assert _UNWANTED.isdisjoint(modules.split())
    assert set(dataclasses.split()) == {"Message", "Refusal", "Put", "Stored"}


options = st.sampled_from(
    ["--at", "--star", "-q", "--", "-", "--tz=UTC", "--help", "write", "", "-é"]
)


@given(st.lists(options | st.text(), max_size=4))
def test_what_needs_no_parser_is_what_the_parser_would_say(words: list[str]) -> None:
    """The words, and no option; whatever may be one is left to the parser."""
    entry = words_of_entry(["write", *words])
    assert list(entry) in ([], words)
    if entry:
        asked = command.make_context("write", list(words)).params
        given_none = command.make_context("write", ["text"]).params
        assert asked == given_none | {"words": tuple(words)}


@given(st.lists(options | st.text(), max_size=3))
def test_only_write_is_so_short(words: list[str]) -> None:
    """Any other command, and options before a command, are for the parser."""
    if words[:1] != ["write"]:
        assert not words_of_entry(words)


def test_what_may_run_long_collects_garbage() -> None:
    """The process begins without the collector, which a write has no use for."""
    gc.disable()
    try:
        assert main(["--version"], {}) == 0
        assert gc.isenabled()
    finally:
        gc.enable()
