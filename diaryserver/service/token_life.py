"""How tokens begin, are renewed and end: rules only, on values; times in ms since the epoch.

A token and its successors are a line, known by the first one's key id. Rules: a successor begins
while its predecessor still lives, and only the successor's first use ends the predecessor, ten
minutes later, so that a lost answer, or two renewals at once, lock nobody out; no line outlives its
last password by more than a year; what a person chose to end at a time, ends then.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from diaryserver.service.ports.accounts import UNUSED_LIFE_MILLISECONDS, Token, User
from protocol.envelope import KID_BYTES, NO_KID, SUITE, VERSION
from protocol.identifiers import MAX_MILLISECONDS
from protocol.keys import ROOT_BYTES
from protocol.messages.account import Grant

MAX_LIVE_LINES: Final = 64
"""Of a user: more than anybody has devices, and 13 datagrams list them. One more is not minted; a
log-in with the password pushes one out (`pushed_out`), or a thief's minted ones would lock the
owner out."""

MAX_UNUSED_SUCCESSORS: Final = 4
"""Of a line: that many GRANTs may get lost, or processes renew at once; older ones are dropped."""

MAX_USED_TOKENS: Final = 8
"""Live ones of a line: renewals at once leave several; beyond it the oldest is revoked."""

MAX_KEPT_TOKENS: Final = 1024
"""Of a user, ended ones included; the oldest ended ones are forgotten first."""

OVERLAP_MILLISECONDS: Final = 600_000
"""How long a token lives on after its successor's first use, for what is under way with it."""

LONGEST_LINE_MILLISECONDS: Final = 366 * 86_400_000
"""From the last password: a person says once a year that the device is still theirs."""

_DUE_PART: Final = 3
"""A token is due for renewal in the last third of its life: of 90 days, a month."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a token shall be: `lifetime` in ms, 0 for ever; `fixed`: a person chose that."""

    label: str
    scopes: str
    lifetime: int
    fixed: bool


@dataclass(frozen=True, slots=True)
class Seed:
    """What is new in every token: key id and salt, its key's generation, and when it is made."""

    kid: bytes
    salt: bytes
    generation: int
    now: int


def draw_seed(
    random_bytes: Callable[[int], bytes],
    find: Callable[[bytes], Token | None],
    generation: int,
    now: int,
) -> Seed:
    """Choose by chance a salt, and a key id under which `find` finds no token."""
    kid = NO_KID
    while kid == NO_KID or find(kid) is not None:
        kid = random_bytes(KID_BYTES)
    return Seed(kid, random_bytes(ROOT_BYTES), generation, now)


def token_of_login(seed: Seed, user: User, wish: Wish) -> Token:
    """Give the first token of a line that a password or an invite begins."""
    return Token(
        kid=seed.kid,
        uid=user.uid,
        user=user.name,
        salt=seed.salt,
        generation=seed.generation,
        suite=SUITE,
        scopes=wish.scopes,
        label=wish.label,
        created=seed.now,
        expires=min(seed.now + wish.lifetime, MAX_MILLISECONDS) if wish.lifetime else 0,
        used=0,
        revoked=0,
        id=seed.kid,
        authenticated=seed.now,
        life=wish.lifetime,
        fixed=wish.fixed and wish.lifetime > 0,
        deadline=seed.now + UNUSED_LIFE_MILLISECONDS,
        predecessor=b"",
        superseded=0,
        minted=False,
    )


def token_of_token(seed: Seed, parent: Token, wish: Wish) -> Token:
    """Give the first token of a line that another token begins: somebody carries it elsewhere.

    What a fixed token begins is fixed too, or it would outlive by renewal the end that it was given
    within.
    """
    owner = User(parent.uid, parent.user, parent.created, has_password=True)
    token = token_of_login(seed, owner, replace(wish, fixed=wish.fixed or parent.fixed))
    return replace(token, authenticated=parent.authenticated, deadline=0, minted=True)


def renewed(seed: Seed, token: Token) -> Token:
    """Give a token's successor; whether it may have one is for `why_not_renewed` to say."""
    return replace(
        token,
        kid=seed.kid,
        salt=seed.salt,
        generation=seed.generation,
        created=seed.now,
        expires=_renewed_end(token, seed.now),
        used=0,
        revoked=0,
        deadline=token.expires,
        predecessor=token.kid,
        superseded=0,
    )


def authenticated_again(seed: Seed, token: Token) -> Token:
    """Give the successor of a token whose person just gave the password.

    Its year begins anew; a fixed end stays. From now on a password stands behind the line.
    """
    successor = renewed(seed, replace(token, authenticated=seed.now, minted=False))
    return replace(successor, expires=token.expires) if token.fixed else successor


def grant_of(token: Token, root: bytes, now: int, ended: str = "") -> Grant:
    """Give what tells a client of its token, and of the line of label `ended` that made room."""
    return Grant(token.kid, root, token.expires, token.scopes, VERSION, now, ended)


def why_not_renewed(token: Token, now: int, generation: int) -> str:
    """Say why a live token may not be renewed now; "" if it may.

    `generation` is the current one; a token of an earlier one is due at any time.
    """
    retires = token.generation != generation
    if token.superseded:
        return "this login was renewed already"
    if token.fixed:
        return "this login ends when it was meant to; then log in again"
    if not token.life:
        return "" if retires else "this login never ends"
    if _renewed_end(token, now) <= token.expires:
        return "a year after the last password a login ends; then log in again"
    is_due = retires or token.expires - now <= token.life // _DUE_PART
    return "" if is_due else "this login is not due to be renewed"


def earliest_renewal(token: Token, generation: int) -> int:
    """Give the moment (ms) before which `why_not_renewed` surely says why; later it may, too."""
    retires = token.generation != generation
    if token.superseded or token.fixed or not (token.life or retires):
        return MAX_MILLISECONDS
    return 0 if retires else token.expires - token.life // _DUE_PART


def _renewed_end(token: Token, now: int) -> int:
    if not token.life:
        return 0
    longest = token.authenticated + LONGEST_LINE_MILLISECONDS
    return min(now + token.life, longest, MAX_MILLISECONDS)


def after_first_use(token: Token, predecessor: Token | None, now: int) -> list[Token]:
    """Give what the first use of a token makes of it and, if it has one, of its predecessor."""
    changed = [replace(token, used=now)]
    if predecessor is not None and not predecessor.superseded:
        end = now + OVERLAP_MILLISECONDS
        if predecessor.expires:
            end = min(end, predecessor.expires)
        changed.append(replace(predecessor, expires=end, superseded=now))
    return changed


def shown_tokens(tokens: Iterable[Token], now: int) -> list[Token]:
    """Give one live token for each line, in the order of the ids: the newest that was used."""
    shown: dict[bytes, Token] = {}
    for token in sorted(tokens, key=lambda token: (token.used > 0, token.created)):
        if token.is_live(now):
            shown[token.id] = token
    return [shown[line] for line in sorted(shown)]


def pushed_out(tokens: Iterable[Token], last_use: Callable[[Token], int], now: int) -> list[Token]:
    """Give the live tokens of the line that makes room for a log-in with the password.

    `last_use` gives ms since the epoch, 0 for never. A line that a token minted goes before one
    that a password began: what one login made, its owner or a thief can make again, and whoever
    logged in with the password would have to type it again. Of those goes one that nobody ever
    used, the oldest first, since nothing relies on it yet; then the one whose last use is longest
    ago. There is at least one, or nothing had to make room.
    """
    lines: dict[bytes, list[Token]] = {}
    for token in sorted(tokens, key=lambda token: token.created):
        if token.is_live(now):
            lines.setdefault(token.id, []).append(token)

    def worth(line: list[Token]) -> tuple[bool, int, int]:
        with_password = not all(token.minted for token in line)
        return with_password, max(map(last_use, line)), line[0].created

    return min(lines.values(), key=worth)


def line_of(tokens: Iterable[Token], name: bytes) -> list[Token]:
    """Give the tokens of the line that has the id `name`, or a token with that key id."""
    known = list(tokens)
    ids = {token.id for token in known if name in {token.id, token.kid}}
    return [token for token in known if token.id in ids]


def superfluous(tokens: Iterable[Token], successor: Token, now: int) -> list[Token]:
    """Give the live tokens that must end so that the line of a new `successor` stays bounded.

    Unused ones, which nobody may have, are to be forgotten, used ones to be revoked.
    """
    others = [
        token
        for token in sorted(tokens, key=lambda token: token.created)
        if token.id == successor.id and token.kid != successor.predecessor and token.is_live(now)
    ]
    unused = [token for token in others if not token.used and token.predecessor]
    used = [token for token in others if token.used]
    return [
        *unused[: max(0, len(unused) + 1 - MAX_UNUSED_SUCCESSORS)],
        *used[: max(0, len(used) + 1 - MAX_USED_TOKENS)],
    ]
