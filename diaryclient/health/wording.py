"""How `status`, `doctor` and `ping` say things."""

from diaryclient.clock import Clock
from diaryclient.typed.dates import format_expiry

_DAY: int = 86_400_000


def format_ahead(ahead: int) -> str:
    """Say how a clock that is `ahead` ms of this machine's compares with it."""
    if ahead == 0:
        return "agrees with this one"
    return f"is {abs(ahead)} ms {'ahead' if ahead > 0 else 'behind'}"


def days_left(expires: int, now: int) -> int | None:
    """Give the whole days until `expires`, both ms since the epoch; None if that is never.

    0 is less than a day; a negative number is a day that is over.
    """
    return (expires - now) // _DAY if expires else None


def format_life(expires: int, clock: Clock) -> str:
    """Give `until 2027-02-20 (90 days left)`."""
    until, left = format_expiry(expires, clock), days_left(expires, clock.instant().wall)
    if left is None:
        return until
    if left < 0:
        return f"{until} (expired)"
    return f"{until} ({left} day{'s' * (left != 1)} left)"
