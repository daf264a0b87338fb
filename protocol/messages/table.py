"""`OPERATIONS`, the table of all that can be asked.

The server has a handler for each row, the client asks by the message itself, PROTOCOL.md has a
section, and tests/golden/v1 bytes.
"""

from dataclasses import dataclass
from typing import Final

from protocol.messages.account import Delete, Mint, Ping, Revoke, Tokens, Whoami
from protocol.messages.archive import Archives, Recover
from protocol.messages.base import Reply, Request, Scope
from protocol.messages.batch import Batch
from protocol.messages.changes import Amend, Remove, Restore
from protocol.messages.diary import Clear, Days, Read
from protocol.messages.finding import Search
from protocol.messages.following import Tail
from protocol.messages.parts import Part
from protocol.messages.usage import Usage
from protocol.messages.writing import Put


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table: the name on the wire, the request, its reply, the scope it needs."""

    name: str
    request: type[Request]
    reply: type[Reply]
    scope: Scope


OPERATIONS: Final = tuple(
    Operation(request.op, request, request.reply, request.scope)
    for request in (
        Put,
        Batch,
        Part,
        Days,
        Read,
        Clear,
        Archives,
        Recover,
        Amend,
        Remove,
        Restore,
        Search,
        Tail,
        Whoami,
        Ping,
        Usage,
        Tokens,
        Mint,
        Revoke,
        Delete,
    )
)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
BY_REQUEST: Final = {operation.request: operation for operation in OPERATIONS}
