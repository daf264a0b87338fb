"""Handlers for requests about tokens and the account; `service.requests.handlers` has the table."""

import hashlib
from datetime import UTC, datetime
from typing import Final

from diaryserver.service.ports.accounts import Token, TokenChange, User
from diaryserver.service.removal import remove_account
from diaryserver.service.requests.context import Context
from diaryserver.service.token_life import (
    Seed,
    Wish,
    draw_seed,
    grant_of,
    line_of,
    shown_tokens,
    token_of_token,
)
from protocol.errors import InvalidRequestError, ScopeError, TokenRevokedError
from protocol.identifiers import Username
from protocol.messages.account import (
    MAX_ADDRESS_BYTES,
    MAX_TOKEN_ROWS,
    Delete,
    Deleted,
    Grant,
    Mint,
    Revoke,
    Revoked,
    TokenList,
    TokenRow,
    Tokens,
)
from protocol.messages.base import Request, Scope, allows
from protocol.messages.coding import encode_request

_MAX_ROW: Final = 1 + 10 + 66 + 16 + 9 + 9 + 47 + 9 + 1
"""A row's bytes at most: array, id, label, scopes, created, used, address, expires, own."""

_LIST_OVERHEAD: Final = 1 + 8 + 5 + 1 + 5 + 1
"""The bytes of the other fields and names of a TokenList."""


async def tokens(context: Context, request: Tokens) -> TokenList:
    """List a page of the live tokens, as many rows as the padding of the request pays for."""
    limit = min(MAX_TOKEN_ROWS, (context.room - _LIST_OVERHEAD) // _MAX_ROW)
    if limit < 1:
        raise InvalidRequestError("pad the request to 400 bytes")

    def find() -> TokenList:
        user = _owner(context)
        shown = shown_tokens(context.accounts.list_tokens(user), context.now)
        further = [token for token in shown if token.id > request.after]
        rows = tuple(_row(context, token) for token in further[:limit])
        return TokenList(rows, more=len(further) > limit)

    return await context.accounts_worker.run(find)


async def mint(context: Context, request: Mint) -> Grant:
    """Make a token that may do no more than the one that asks, and lives no longer."""
    parent, accounts = context.token, context.accounts
    for scope in request.scopes.split(" "):
        if not allows(parent.scopes, Scope(scope)):
            raise InvalidRequestError("a token can give away only what it may do itself")

    def make() -> Grant:
        change = _change(context, request)
        token = accounts.minted_by(change)
        if token is None:
            _check_end(parent, request.lifetime, context.now)
            token = token_of_token(_seed(context), parent, _wish(request))
            accounts.mint_further(token, parent, change)
        return grant_of(token, accounts.root(token), token.created)

    return await context.accounts_worker.run(make)


async def revoke(context: Context, request: Revoke) -> Revoked:
    """End a line: its own for any token, another one for a token with the full scope."""
    own, accounts = context.token, context.accounts

    def end() -> Revoked:
        user = _owner(context)
        line = line_of(accounts.list_tokens(user), request.id)
        is_own = any(token.kid == own.kid for token in line)
        if not is_own and not allows(own.scopes, Scope.FULL):
            raise ScopeError
        change = _change(context, request)
        return Revoked(accounts.revoke(user, request.id, change))

    return await context.accounts_worker.run(end)


async def delete(context: Context, request: Delete) -> Deleted:
    """Remove the account as an operator does; a repetition hears REVOKED."""
    if request.user != context.token.user:
        raise InvalidRequestError(f"this is the account of {context.token.user}")

    def retire(name: Username, uid: bytes) -> str:
        return context.store_worker.wait_for(context.entries.retire, name, uid)

    def remove() -> None:
        remove_account(context.accounts, retire, _owner(context), context.now)

    await context.accounts_worker.run(remove)
    return Deleted()


def _owner(context: Context) -> User:
    user = context.accounts.find_user(context.token.user)
    if user is None or user.uid != context.token.uid:
        raise TokenRevokedError
    return user


def _check_end(parent: Token, lifetime: int, now: int) -> None:
    if parent.expires and (not lifetime or now + lifetime > parent.expires):
        end = datetime.fromtimestamp(parent.expires / 1000, UTC)
        raise InvalidRequestError(
            f"this login itself ends {end:%Y-%m-%d %H:%M} UTC; for longer, first: "
            "diaryclient login HOST USER --expires WHEN"
        )


def _change(context: Context, request: Request) -> TokenChange:
    # A repetition comes from the same login: another one, which could read the id off the wire,
    # must not be given the token that this one made.
    digest = hashlib.sha256(context.token.id + encode_request(request)).digest()
    return TokenChange(context.token.uid, context.rid, digest, context.now)


def _seed(context: Context) -> Seed:
    accounts = context.accounts
    return draw_seed(context.random_bytes, accounts.token, accounts.generation(), context.now)


def _wish(request: Mint) -> Wish:
    return Wish(request.label, request.scopes, request.lifetime, request.fixed)


def _row(context: Context, token: Token) -> TokenRow:
    use = context.accounts.last_use(token)
    return TokenRow(
        id=token.id,
        label=token.label,
        scopes=token.scopes,
        created=token.created,
        used=use.moment,
        address=use.address[:MAX_ADDRESS_BYTES],
        expires=token.expires,
        own=token.id == context.token.id,
    )
