"""What was dropped in silence, counted: loss can be seen, and no flood fills a log."""

from collections import Counter
from enum import StrEnum


class Drop(StrEnum):
    """Why a datagram, or a line or connection of plain text, got no answer; one counter each."""

    MALFORMED = "malformed"
    UNEXPECTED_KIND = "unexpected-kind"
    UNKNOWN_TOKEN = "unknown-token"  # noqa: S105 - a reason's name, no secret
    BAD_SIGNATURE = "bad-signature"
    IN_FLIGHT = "already-in-flight"
    TURNED_AWAY = "too-much-waiting"
    REPEATED_READ = "read-repeated-too-often"
    BAD_LOGIN = "bad-login"
    BAD_PROOF = "bad-proof"
    HELLO_FLOOD = "hello-flood"
    LOGIN_FLOOD = "login-flood"
    LOGIN_THROTTLED = "login-throttled"
    LOGIN_UNDECIDED = "login-undecided"
    NO_COMMON_VERSION = "no-common-version"
    SEND_FAILED = "reply-not-sent"
    PLAIN_NOT_ALLOWED = "plain-text-not-allowed"
    PLAIN_ECHO = "plain-text-echo"
    PLAIN_NOT_TEXT = "plain-text-undecodable"
    PLAIN_NOT_KEPT = "plain-text-not-kept"
    PLAIN_FOREIGN = "plain-text-foreign"
    CONNECTION_LOST = "connection-lost"


class Counters:
    """Totals since the start, and what was added since the last report."""

    def __init__(self) -> None:
        """Start at zero; the number of counters is fixed by `Drop`."""
        self.totals: Counter[Drop] = Counter()
        self._reported: Counter[Drop] = Counter()

    def count(self, reason: Drop) -> None:
        """Add one."""
        self.totals[reason] += 1

    def report(self) -> str:
        """Give what was added since the last report, as `reason=number` words; "" if nothing."""
        added = self.totals - self._reported
        self._reported = self.totals.copy()
        return " ".join(f"{reason}={number}" for reason, number in sorted(added.items()))
