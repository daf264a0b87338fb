"""From a text to an entry in the outbox, and from there to the server: what every writer shares.

Rules: the entry is on the disk before anything is sent. Each failure says whether the text was
kept, and where.
"""

from typing import Final

from diaryclient.diary.writer import Writer
from diaryclient.errors import (
    InterruptedChangeError,
    InterruptedWritingError,
    NotKeptError,
    TextTooLongError,
    is_open,
)
from diaryclient.files.disks import reason_of
from diaryclient.home.outbox import Entry
from diaryclient.screen.display import format_minute, short_id
from protocol.errors import DiaryError, ErrorCode, UsageError
from protocol.messages.writing import MAX_LONG_TEXT_BYTES
from protocol.stamp import Stamp


def check_text(text: str) -> str:
    """Give a text that can be an entry; raise UsageError if it is empty or no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("the text is not valid UTF-8; nothing was saved") from None
    if not text.strip():
        raise UsageError("the text is empty; nothing was saved")
    return text


def keep(writer: Writer, text: str, *, star: bool = False, at: Stamp | None = None) -> Entry:
    """Put a text into the outbox, to be sent; it happened `at`, or now.

    Raise NotKeptError if the disk does not take it, or TextTooLongError: then it is kept, and never
    sent.
    """
    size = len(text.encode())
    refused = ErrorCode.TOOBIG if size > MAX_LONG_TEXT_BYTES else None
    try:
        entry = writer.compose(text, star=star, at=at, refused=refused)
    except OSError as error:
        raise NotKeptError(
            f"NOT SAVED, and not sent: the outbox {writer.outbox.folder} cannot be written: "
            f"{reason_of(error, writer.outbox.folder)}"
        ) from None
    if refused:
        raise TextTooLongError(
            f"the text has {size} bytes, an entry at most {MAX_LONG_TEXT_BYTES}; it was not sent "
            f"and is kept in the outbox: {writer.outbox.path(entry.id)}; {TextTooLongError.way_out}"
        )
    return entry


def put(writer: Writer, entry: Entry) -> Entry:
    """Send an entry of the outbox; raise as `Writer.put`, or InterruptedWritingError."""
    try:
        return writer.put(entry)
    except KeyboardInterrupt:
        raise InterruptedWritingError(
            f"queued {short_id(entry.id)}: interrupted; kept in the outbox and sent with a later "
            "write"
        ) from None


def send_unkept(writer: Writer, text: str, *, star: bool = False, at: Stamp | None = None) -> Entry:
    """Send a text that is kept nowhere here, and give the entry as it was stored.

    Each failure says whether it was saved, as far as anybody can know; raise as `Asker.ask`, or
    TextTooLongError, or InterruptedChangeError after Ctrl-C.
    """
    size = len(text.encode())
    if size > MAX_LONG_TEXT_BYTES:
        raise TextTooLongError(
            f"the text has {size} bytes, an entry at most {MAX_LONG_TEXT_BYTES}; it was neither "
            f"sent nor kept; {TextTooLongError.way_out}"
        )
    try:
        return writer.send_unkept(text, star=star, at=at)
    except KeyboardInterrupt:
        raise InterruptedChangeError(f"interrupted; {_UNKNOWN}") from None
    except DiaryError as error:
        error.args = (f"{error}; {_UNKNOWN if is_open(error) else 'NOT SAVED'}",)
        raise


_UNKNOWN: Final = "whether it was saved is not known: diaryclient read tells"


def format_saved(writer: Writer, entry: Entry) -> str:
    """Give `saved 4fb39 2026-11-22 18:40 alice@127.0.0.1:8888`."""
    return f"saved {short_id(entry.id)} {format_minute(entry.stamp)} {writer.login.name}"
