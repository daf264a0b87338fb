"""Rules of tokens on values: when they are due, when they end, how many there may be."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaryserver.service.ports.accounts import Token, User
from diaryserver.service.token_life import (
    LONGEST_LINE_MILLISECONDS,
    MAX_UNUSED_SUCCESSORS,
    MAX_USED_TOKENS,
    OVERLAP_MILLISECONDS,
    Seed,
    Wish,
    after_first_use,
    authenticated_again,
    draw_seed,
    earliest_renewal,
    line_of,
    renewed,
    shown_tokens,
    superfluous,
    token_of_login,
    token_of_token,
    why_not_renewed,
)
from protocol.identifiers import MAX_MILLISECONDS, Username
from tests.server.fakes import NOON

DAY: Final = 86_400_000
SEASON: Final = 90 * DAY
ALICE: Final = User(b"u" * 16, Username("alice"), NOON, has_password=True)


def seed(number: int = 1, now: int = NOON, generation: int = 1) -> Seed:
    """Give what is new in the token of that number."""
    return Seed(number.to_bytes(8, "big"), number.to_bytes(32, "big"), generation, now)


def login(lifetime: int = SEASON, *, fixed: bool = False, number: int = 1) -> Token:
    """Give a token that a password began at noon, used since."""
    token = token_of_login(seed(number), ALICE, Wish("laptop", "full", lifetime, fixed))
    return replace(token, used=NOON)


@pytest.mark.parametrize(
    ("days", "is_due"), [(0, False), (59, False), (60, True), (75, True), (89, True)]
)
def test_a_token_is_due_in_the_last_third_of_its_life(days: int, is_due: bool) -> None:
    """Of 90 days, after 60."""
    assert (why_not_renewed(login(), NOON + days * DAY, 1) == "") == is_due


def test_a_retired_key_makes_its_tokens_due_at_once() -> None:
    """Those that never end too; their successors never end either. A fixed one ends as it was."""
    for token in (login(), login(0)):
        assert why_not_renewed(token, NOON + 1, 1)
        assert why_not_renewed(token, NOON + 1, 2) == ""
    assert renewed(seed(2, generation=2), login(0)).expires == 0
    assert why_not_renewed(login(fixed=True), NOON, 2)
    shortened = replace(login(), expires=NOON + 30 * DAY)
    assert renewed(seed(2, generation=2), shortened).expires == NOON + SEASON
    never = replace(login(0), expires=NOON + 30 * DAY)
    assert why_not_renewed(never, NOON, 2) == ""
    assert renewed(seed(2, generation=2), never).expires == 0


def test_what_a_person_chose_to_end_is_never_renewed() -> None:
    """Nor what never ends; `fixed` means nothing for that."""
    for days in range(100):
        assert why_not_renewed(login(fixed=True), NOON + days * DAY, 1)
        assert why_not_renewed(login(0), NOON + days * DAY, 1)
    assert not login(0, fixed=True).fixed


@given(
    st.integers(0, 400 * DAY), st.booleans(), st.booleans(), st.integers(1, 2), st.integers(0, 800)
)
def test_before_the_earliest_moment_no_token_is_renewed(
    life: int, fixed: bool, superseded: bool, generation: int, days: int
) -> None:
    """Replies look at the moment alone; from it on, the rule itself decides."""
    token = replace(login(life, fixed=fixed), superseded=NOON if superseded else 0)
    now = NOON + days * DAY
    may_be = now >= earliest_renewal(token, generation)
    assert may_be or why_not_renewed(token, now, generation)
    if not (fixed or superseded) and life:
        assert earliest_renewal(token, generation) <= token.expires


def test_a_renewed_token_is_not_renewed_again() -> None:
    """Its successor is."""
    now = NOON + 80 * DAY
    token = login()
    assert why_not_renewed(token, now, 1) == ""
    assert why_not_renewed(replace(token, superseded=now), now, 1)


@given(st.integers(1, 1000 * DAY), st.lists(st.integers(0, 100), max_size=60))
def test_a_line_lives_a_year_at_most(life: int, shares: list[int]) -> None:
    """However it is renewed; each successor gains something, so renewing comes to an end."""
    token, now = login(life), NOON
    longest = max(token.expires, NOON + LONGEST_LINE_MILLISECONDS)
    for number, share in enumerate(shares, start=2):
        now = min(token.expires - 1, now + (token.expires - now) * share // 100)
        if why_not_renewed(token, now, 1):
            continue
        successor = renewed(seed(number, now), token)
        assert token.expires < successor.expires <= longest
        assert successor.deadline == token.expires
        token = replace(successor, used=now)


def test_a_successor_is_the_same_login() -> None:
    """Same line, name, scopes and life, counted anew; the old one is its predecessor."""
    token = replace(login(), label="phone", scopes="read write")
    successor = renewed(seed(2, NOON + 70 * DAY), token)
    assert (successor.id, successor.predecessor) == (token.id, token.kid)
    assert (successor.label, successor.scopes) == ("phone", "read write")
    assert (successor.authenticated, successor.life) == (NOON, SEASON)
    assert successor.expires == NOON + 70 * DAY + SEASON
    assert (successor.used, successor.fixed) == (0, False)


def test_a_password_begins_the_year_anew() -> None:
    """A fixed end stays where it is; never stays never."""
    later = NOON + 70 * DAY
    again = authenticated_again(seed(2, later), login())
    assert (again.authenticated, again.expires) == (later, later + SEASON)
    fixed = authenticated_again(seed(2, later), login(fixed=True))
    assert (fixed.authenticated, fixed.expires, fixed.fixed) == (later, NOON + SEASON, True)
    assert authenticated_again(seed(2, later), login(0)).expires == 0


def test_a_token_of_a_token_begins_a_line_of_its_own() -> None:
    """Nobody must hurry to use it, and its year is that of the password behind it."""
    later = NOON + 20 * DAY
    token = token_of_token(seed(2, later), login(), Wish("cron", "write", DAY, fixed=True))
    assert (token.id, token.predecessor, token.deadline) == (token.kid, b"", 0)
    assert (token.authenticated, token.expires, token.fixed) == (NOON, later + DAY, True)


@pytest.mark.parametrize("is_fixed", [True, False])
def test_what_a_fixed_token_begins_is_fixed(is_fixed: bool) -> None:
    """Or a token of a day would, by way of another one, be renewed for a year."""
    wish = Wish("cron", "full", DAY, fixed=False)
    token = token_of_token(seed(2), login(fixed=is_fixed), wish)
    assert token.fixed == is_fixed
    assert bool(why_not_renewed(token, token.expires - 1, 1)) == is_fixed


@given(st.integers(0, MAX_MILLISECONDS), st.integers(0, MAX_MILLISECONDS))
def test_no_end_lies_beyond_the_calendar(now: int, lifetime: int) -> None:
    """A life of ten thousand years is a legal wish."""
    token = token_of_login(seed(now=now), ALICE, Wish("x", "full", lifetime, fixed=False))
    assert token.expires <= MAX_MILLISECONDS
    assert (token.expires == 0) == (lifetime == 0)


@pytest.mark.parametrize("lifetime", [SEASON, 0])
def test_a_first_use_gives_the_predecessor_ten_minutes(lifetime: int) -> None:
    """Once: another successor's first use later gives it no more; nor does an end come later."""
    old = login(lifetime)
    new = renewed(seed(2), old)
    now = NOON + 5
    used, ended = after_first_use(new, old, now)
    assert used == replace(new, used=now)
    assert ended == replace(old, expires=now + OVERLAP_MILLISECONDS, superseded=now)
    assert after_first_use(new, ended, now + 9) == [replace(new, used=now + 9)]
    assert after_first_use(old, None, now) == [replace(old, used=now)]
    nearly_over = replace(old, expires=now + 1)
    assert after_first_use(new, nearly_over, now)[1].expires == now + 1


def test_one_token_of_a_line_is_shown() -> None:
    """The newest that was used, an unused one only if there is no other, none that ended."""
    old = login()
    new = renewed(seed(2, NOON + 1), old)
    other = replace(login(number=3), revoked=NOON)
    fresh = token_of_login(seed(4), ALICE, Wish("x", "full", 0, fixed=False))
    tokens = [new, old, other, fresh]
    assert shown_tokens(tokens, NOON + 2) == [old, fresh]
    assert shown_tokens([replace(new, used=NOON + 2), old, fresh], NOON + 3) == [
        replace(new, used=NOON + 2),
        fresh,
    ]
    assert shown_tokens([login(0)], MAX_MILLISECONDS) == [login(0)]


def test_a_line_is_found_by_its_id_and_by_each_token() -> None:
    """And nothing else is."""
    old = login()
    new = renewed(seed(2), old)
    other = login(number=3)
    for name in (old.kid, new.kid):
        assert line_of([old, new, other], name) == [old, new]
    assert line_of([old, new, other], b"unknown!") == []
    assert line_of([old, new, other], b"") == []


def test_the_tokens_of_a_line_are_bounded() -> None:
    """The oldest go first; the one that is renewed, and other lines, are left alone."""
    old = login()
    unused = [renewed(seed(number, NOON + number), old) for number in range(2, 9)]
    used = [replace(renewed(seed(n, NOON + n), old), used=NOON + n) for n in range(20, 40)]
    tokens = [old, *unused, *used, login(number=99)]
    successor = renewed(seed(50, NOON + 50), old)
    gone = superfluous(tokens, successor, NOON + 50)
    left = [token for token in [*unused, *used] if token not in gone]
    assert len([token for token in left if not token.used]) == MAX_UNUSED_SUCCESSORS - 1
    assert len([token for token in left if token.used]) == MAX_USED_TOKENS - 1
    assert left == [*unused[-3:], *used[-7:]]
    assert set(gone) <= {*unused, *used}
    assert superfluous([old], successor, NOON + 50) == []


def test_a_key_id_is_nobodys() -> None:
    """Zero stands for no token, and chance may repeat itself."""
    draws = iter([bytes(8), b"taken id", b"fresh id", b"s" * 32])
    taken = {b"taken id": login()}
    drawn = draw_seed(lambda _: next(draws), taken.get, 3, NOON)
    assert drawn == Seed(b"fresh id", b"s" * 32, 3, NOON)
