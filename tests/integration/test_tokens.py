"""Tokens on a real server: what was done to them is known after a restart."""

from protocol.identifiers import Username
from protocol.keys import derive_token_keys
from protocol.messages.account import (
    Delete,
    Deleted,
    Grant,
    Mint,
    Revoke,
    Revoked,
    TokenList,
    Tokens,
)
from protocol.messages.base import Refusal
from protocol.messages.padding import padded
from tests.integration.wire import Token, new_id, now, wire_to
from tests.programs import PASSWORD, Server


def listed(token: Token) -> dict[str, tuple[int, str]]:
    """Give each token's name with its last use."""
    answer = token.ask(padded(Tokens()))
    assert isinstance(answer, TokenList)
    return {row.label: (row.used, row.address) for row in answer.rows}


def code(answer: object) -> str:
    """Give a refusal's code, or OK."""
    return str(answer.code) if isinstance(answer, Refusal) else "OK"


def test_tokens_outlive_a_restart(server: Server) -> None:
    """With their last uses; a repetition is known again, and what was revoked stays so."""
    server.add_user("alice")
    with wire_to(server.address) as wire:
        alice = wire.token("alice", PASSWORD)
        rid, began = new_id(), now()
        asked = Mint("cron", "write", 0, fixed=False)
        granted = alice.ask(asked, rid)
        assert isinstance(granted, Grant)
        cron = Token(wire, derive_token_keys(granted.root, granted.kid))
        assert code(cron.put("by cron")) == "OK"
        used, address = listed(alice)["cron"]
        assert began <= used <= now()
        assert address == "127.0.0.1"

        server.restart()
        assert alice.ask(asked, rid) == granted
        assert listed(alice)["cron"] == (used, address)
        assert alice.ask(Revoke(granted.kid)) == Revoked(1)
        assert code(cron.put("too late")) == "REVOKED"

        server.restart()
        assert code(cron.put("too late")) == "REVOKED"
        assert listed(alice).keys() == {"test"}
        assert alice.ask(Delete(Username("alice"))) == Deleted()
        assert code(alice.put("too late")) == "REVOKED"
    assert server.day_files("alice") == []
    assert server.operate("user", "list").out == ""
