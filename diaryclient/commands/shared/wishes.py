"""The options that say what a new token shall be: shared by `login` and `token create`."""

from collections.abc import Sequence

from protocol.errors import UsageError
from protocol.messages.base import ALLOWED_SCOPES, MAX_LABEL_BYTES

EXPIRES_HELP = "30d, 2w, 12h, YYYY-MM-DD or never; else 90 days, renewed by itself."
SCOPE_HELP = "read, write or full; several with commas, or the option again."


def parse_name(name: str) -> str:
    """Check `--name`, which may be shown to its owner only; raise UsageError."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise UsageError("--name: this is not valid UTF-8") from None
    if not name.strip() or size > MAX_LABEL_BYTES:
        raise UsageError(f"--name: a name has 1 to {MAX_LABEL_BYTES} bytes")
    return name


def parse_scope(given: Sequence[str]) -> str:
    """Give scopes as they travel: sorted, each once, one space between; raise UsageError."""
    names = {name for words in given for name in words.lower().replace(",", " ").split()}
    if not names or not names <= ALLOWED_SCOPES:
        raise UsageError("--scope: a scope is read, write or full")
    return " ".join(sorted(names))
