"""Names, labels and notes that are made to forge lines of a log or to move a terminal's cursor."""

import logging
from typing import Final

import pytest

from diaryserver.maintenance.faults import printable
from diaryserver.service.counters import Drop
from protocol.messages.account import Grant, Mint, TokenList, Tokens
from protocol.messages.padding import padded
from tests.server.world import World, code_of, form_of

FORGED: Final = "x\nlogin refused: user=alice from=198.51.100.1"
LABEL: Final = "\x1b[2J\r\n\x9b2K\u202e0.0.0.0 login refused"


@pytest.mark.parametrize(
    "name", [FORGED, "alice\n", "alice\r", "al\x00ice", "Alice", "../alice", "alіce", ""]
)
def test_a_name_that_is_none_reaches_no_log(
    world: World, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Correctly sealed, and yet silence: only what can be a name is ever written down."""
    caplog.set_level(logging.DEBUG, "diaryserver")
    world.user()
    form = form_of(name, "wrong")  # type: ignore[arg-type]
    assert world.send(world.sealed_login(form, world.offer())) == []
    assert world.dropped(Drop.BAD_LOGIN) == 1
    assert (caplog.messages, world.hasher.compared) == ([], [])


def test_a_label_reaches_no_log_and_moves_no_cursor(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """By a log-in, by minting; it comes back as it was given, and the operator sees it escaped.

    What the client shows is in tests/client/commands/test_token_commands.py.
    """
    caplog.set_level(logging.DEBUG, "diaryserver")
    world.user()
    assert isinstance(world.login(form_of(label=LABEL)), Grant)
    device = world.device()
    assert code_of(device.ask(Mint(LABEL, "write", 0, fixed=False))) == "OK"
    assert caplog.messages == []
    rows = device.ask(padded(Tokens()))
    assert isinstance(rows, TokenList)
    assert [row.label for row in rows.rows].count(LABEL) == 2
    shown = printable(LABEL)
    assert shown.isprintable()
    assert "\\u{1b}[2J" in shown


def test_a_refused_login_is_one_line_whatever_was_typed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the password nor the label stands in it."""
    caplog.set_level(logging.DEBUG, "diaryserver")
    world.user()
    world.login(form_of(password=FORGED, label=LABEL))
    assert caplog.messages == ["login refused: user=alice from=192.0.2.1"]
