"""One handler for each row of the protocol's table of operations, and the table that joins them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from diaryserver.service.accounthandlers import delete, mint, revoke, tokens
from diaryserver.service.context import Context
from diaryserver.service.ports import Append
from protocol.dayfile import Stamp
from protocol.errors import InvalidRequestError
from protocol.messages import (
    MAX_CHUNK,
    MAX_DAY_ROWS,
    MAX_SKEW_MILLISECONDS,
    Chunk,
    Clear,
    Cleared,
    DayList,
    Days,
    Delete,
    Identity,
    Mint,
    Ping,
    Put,
    Read,
    Reply,
    Request,
    Revoke,
    Stored,
    Tokens,
    Whoami,
)

_MAX_ROW: Final = 1 + 11 + 5 + 9 + 9
"""A row's bytes at most: array, day, generation, entries, size."""

_LIST_OVERHEAD: Final = 1 + 8 + 5 + 3 + 5 + 1
_CHUNK_OVERHEAD: Final = 1 + 8 + 5 + 3 + 5 + 9
"""The bytes of the other fields and names of a DayList and of a Chunk."""


async def put(context: Context, request: Put) -> Stored:
    """Store an entry; one from the future would make files of days that have not come."""
    if request.at > context.now + MAX_SKEW_MILLISECONDS:
        raise InvalidRequestError("the entry's time is in the future")
    append = Append(
        user=context.token.user,
        id=context.rid,
        stamp=Stamp(request.at, request.off),
        text=request.text,
        starred=request.star,
        received=context.now,
    )
    appended = await context.committer.append(append)
    return Stored(appended.day, appended.duplicate)


async def days(context: Context, request: Days) -> DayList:
    """List what can be read, as many rows as the padding of the request pays for."""
    limit = min(MAX_DAY_ROWS, (context.room - _LIST_OVERHEAD) // _MAX_ROW)
    if limit < 1:
        raise InvalidRequestError("pad the request to 400 bytes")
    entries = context.entries
    return await context.store_worker.run(
        entries.list_days, context.token.user, request.first, request.last, limit
    )


async def read(context: Context, request: Read) -> Chunk:
    """Read raw bytes, as many as the padding of the request pays for."""
    limit = min(MAX_CHUNK, context.room - _CHUNK_OVERHEAD)
    if limit < 1:
        raise InvalidRequestError("pad the request to 400 bytes")
    return await context.store_worker.run(
        context.entries.read,
        context.token.user,
        request.day,
        request.generation,
        request.offset,
        limit,
    )


async def clear(context: Context, request: Clear) -> Cleared:
    """Set a day aside; the request's id in the archive's name makes a repetition harmless."""
    name = await context.store_worker.run(
        context.entries.clear,
        context.token.user,
        request.day,
        request.generation,
        context.rid,
    )
    return Cleared(name)


async def identify(context: Context, request: Whoami | Ping) -> Identity:  # noqa: ARG001
    """Tell whom the token stands for; being answered at all is what a ping wants to know."""
    token = context.token
    return Identity(token.user, token.scopes, token.expires, context.now)


Handler = Callable[[Context, Any], Awaitable[Reply]]

HANDLERS: Final[Mapping[type[Request], Handler]] = {
    Put: put,
    Days: days,
    Read: read,
    Clear: clear,
    Whoami: identify,
    Ping: identify,
    Tokens: tokens,
    Mint: mint,
    Revoke: revoke,
    Delete: delete,
}
"""Complete: tests/server compares its keys with the protocol's table."""
