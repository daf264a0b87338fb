"""One handler for each operation, and the table that joins them.

What only appends is in `service.requests.appending`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar

from diaryserver.service.ports.entries import WordQuery
from diaryserver.service.requests.accounthandlers import delete, mint, revoke, tokens
from diaryserver.service.requests.context import Context
from protocol.dayfile import format_record
from protocol.errors import InvalidRequestError, ScopeError, TokenRevokedError
from protocol.identifiers import Day
from protocol.messages.account import Delete, Identity, Mint, Ping, Revoke, Tokens, Whoami
from protocol.messages.archive import MAX_ARCHIVE_ROWS, ArchiveList, Archives, Recover, Recovered
from protocol.messages.base import Reply, Request, Scope, allows
from protocol.messages.diary import (
    MAX_CHUNK,
    MAX_DAY_ROWS,
    Chunk,
    Clear,
    Cleared,
    DayList,
    Days,
    Read,
)
from protocol.messages.finding import MAX_CURSOR_BYTES, MAX_FOUND_BYTES, Found, LongRow, Search
from protocol.messages.following import MAX_TAIL_ROWS, Tail, Tailed
from protocol.messages.parts import Part, Received
from protocol.messages.usage import Usage, Used
from protocol.messages.writing import MAX_OFFSET_MINUTES
from protocol.stamp import Stamp

_MAX_ROW: Final = 1 + 11 + 5 + 9 + 9
"""A row's bytes at most: array, day, generation, entries, size."""

_MAX_ARCHIVE_ROW: Final = 1 + 82 + 11 + 5 + 9 + 9 + 9
"""The same: array, name, day, generation, cleared, entries, absent."""

_LIST_OVERHEAD: Final = 1 + 8 + 5 + 3 + 5 + 1
_ARCHIVES_OVERHEAD: Final = _LIST_OVERHEAD
_CHUNK_OVERHEAD: Final = 1 + 8 + 5 + 3 + 5 + 9
_FOUND_OVERHEAD: Final = 1 + 8 + (8 + 3) + (5 + 1 + 30) + (7 + 2 + MAX_CURSOR_BYTES)
_TAIL_OVERHEAD: Final = 1 + 8 + (5 + 3) + (7 + 2 + MAX_CURSOR_BYTES) + (5 + 1) + (5 + 1)
"""Bytes of the other fields and names of a DayList, ArchiveList, Chunk, Found and Tailed."""


async def part(context: Context, request: Part) -> Received:
    """Take a part of a long request, and do what that asks when it is whole."""
    return await context.long_requests.take(context.token, request, context.now)


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


async def search(context: Context, request: Search) -> Found:
    """Find entries, as many as the padding of the request pays for."""
    limit = min(MAX_FOUND_BYTES, context.room - _FOUND_OVERHEAD)
    if limit < 1:
        raise InvalidRequestError("pad the request to 400 bytes")
    if not request.words.strip():
        raise InvalidRequestError("no word to search for")
    matches = await context.store_worker.run(
        context.entries.search,
        context.token.user,
        WordQuery(request.words, request.first, request.last),
        request.cursor,
        limit,
    )
    lines = b"".join(map(format_record, matches.entries))
    if len(lines) <= limit:
        return Found(lines, (), matches.cursor)
    return Found(
        b"", tuple(LongRow(each.stamp.day, each.id) for each in matches.entries), matches.cursor
    )


async def tail(context: Context, request: Tail) -> Tailed:
    """Tell which days were changed; even the shortest request pays for a few rows."""
    limit = min(MAX_TAIL_ROWS, (context.room - _TAIL_OVERHEAD) // _MAX_ROW)
    return await context.store_worker.run(
        context.entries.tail, context.token.user, request.cursor, limit
    )


_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def _unless_ended(
    context: Context, change: Callable[_Arguments, _Result]
) -> Callable[_Arguments, _Result]:
    """Make a change in its turn, unless the token was ended while it waited for that."""

    def changed(*arguments: _Arguments.args, **keywords: _Arguments.kwargs) -> _Result:
        if not context.accounts.may_write(context.token.user, context.token.kid):
            raise TokenRevokedError
        return change(*arguments, **keywords)

    return changed


async def clear(context: Context, request: Clear) -> Cleared:
    """Set a day aside; the request's id in the archive's name makes a repetition harmless."""
    name = await context.store_worker.run(
        _unless_ended(context, context.entries.clear),
        context.token.user,
        request.day,
        request.generation,
        context.rid,
    )
    return Cleared(name)


async def archives(context: Context, request: Archives) -> ArchiveList:
    """List what was cleared, as many rows as the padding of the request pays for."""
    limit = min(MAX_ARCHIVE_ROWS, (context.room - _ARCHIVES_OVERHEAD) // _MAX_ARCHIVE_ROW)
    if limit < 1:
        raise InvalidRequestError("pad the request to 400 bytes")
    return await context.store_worker.run(
        context.entries.list_archives, context.token.user, request.after, limit
    )


async def recover(context: Context, request: Recover) -> Recovered:
    """Bring a cleared day back; the generation makes a repetition harmless."""
    entries = await context.store_worker.run(
        _unless_ended(context, context.entries.recover),
        context.token.user,
        request.day,
        request.generation,
        request.name,
    )
    return Recovered(entries)


async def identify(context: Context, request: Whoami | Ping) -> Identity:  # noqa: ARG001
    """Tell whom the token stands for; being answered at all is what a ping wants to know."""
    token = context.token
    return Identity(token.user, token.scopes, token.expires, context.now)


async def usage(context: Context, request: Usage) -> Used:
    """Tell how much room is taken up, though a large diary is counted in many parts.

    A token that may not read needs that for what it writes now: other days' entries are not told.
    """
    if not allows(context.token.scopes, Scope.READ) and not _is_today(request.day, context.now):
        raise ScopeError
    return await context.store_worker.run(context.entries.usage, context.token.user, request.day)


def _is_today(day: Day, now: int) -> bool:
    """Tell whether it is today somewhere: whose zone the asker has, the server does not know."""
    return Stamp(now, -MAX_OFFSET_MINUTES).day <= day <= Stamp(now, MAX_OFFSET_MINUTES).day


Handler = Callable[[Context, Any], Awaitable[Reply]]

HANDLERS: Final[Mapping[type[Request], Handler]] = {
    Part: part,
    Days: days,
    Read: read,
    Search: search,
    Tail: tail,
    Clear: clear,
    Archives: archives,
    Recover: recover,
    Usage: usage,
    Whoami: identify,
    Ping: identify,
    Tokens: tokens,
    Mint: mint,
    Revoke: revoke,
    Delete: delete,
}
"""Complete with `APPENDING`: tests/server compares their keys with the protocol's table."""

LOOKING: Final = frozenset({Days, Read, Search, Tail, Clear, Archives, Recover, Usage})
"""What takes a turn of its user's at the store's thread."""
