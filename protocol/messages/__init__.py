"""The messages of DIARY/1, declared once: what a request asks, what its reply gives.

    base       what every message is made of: scopes, refusals, fields that several share
    writing    put, and the bounds of every entry's text and times
    batch      several entries in one datagram
    parts      a request that is too long for one datagram
    changes    amend, remove, restore
    diary      days: list, read, clear
    archive    days that were cleared: list, recover
    finding    search
    following  tail
    usage      how much room there is
    account    identity, tokens, the end of an account
    forms      what LOGIN seals
    coding     the way to bytes and back
    padding    requests as long as a third of their answers
    table      `OPERATIONS`: all that can be asked

Rules: a request travels as a map of its fields plus `op`; a reply as a map of its fields plus
`code`, which is OK, or else the map is a `Refusal`. Each name is imported from the module that has
it: all of them take longer to import than an entry to write.
"""

from typing import TYPE_CHECKING

from protocol.lazy_names import find_lazily

if TYPE_CHECKING:
    from protocol.messages.account import (
        MAX_ADDRESS_BYTES,
        MAX_TOKEN_ROWS,
        Delete,
        Deleted,
        Grant,
        Identity,
        Mint,
        Ping,
        Revoke,
        Revoked,
        TokenList,
        TokenRow,
        Tokens,
        Whoami,
    )
    from protocol.messages.archive import (
        MAX_ARCHIVE_ROWS,
        MAX_NAME_BYTES,
        ArchiveList,
        ArchiveRow,
        Archives,
        Recover,
        Recovered,
    )
    from protocol.messages.base import (
        ALLOWED_SCOPES,
        MAX_LABEL_BYTES,
        MAX_NOTE_BYTES,
        MAX_PAD,
        MAX_SKEW_MILLISECONDS,
        Message,
        Refusal,
        Reply,
        Request,
        Scope,
        TextRequest,
        allows,
        parse_code,
        parse_scopes,
    )
    from protocol.messages.batch import (
        MAX_BATCH_ROWS,
        Batch,
        Batched,
        EntryRow,
        ResultRow,
        parse_result,
    )
    from protocol.messages.changes import (
        VERSION_BYTES,
        Amend,
        Changed,
        Remove,
        Restore,
        version_of,
    )
    from protocol.messages.coding import (
        RENEWAL_HINT,
        RENEWAL_HINT_BYTES,
        decode_reply,
        encode_reply,
        encode_request,
        hints_renewal,
    )
    from protocol.messages.diary import (
        MAX_CHUNK,
        MAX_DAY_ROWS,
        MAX_FILE_BYTES,
        MAX_GENERATION,
        Chunk,
        Clear,
        Cleared,
        DayList,
        DayRow,
        Days,
        Read,
    )
    from protocol.messages.finding import (
        MAX_CURSOR_BYTES,
        MAX_FOUND_BYTES,
        MAX_WORDS_BYTES,
        Found,
        LongRow,
        Search,
    )
    from protocol.messages.following import (
        MAX_TAIL_ROWS,
        Tail,
        Tailed,
    )
    from protocol.messages.forms import (
        FORMS,
        MAX_PASSWORD_BYTES,
        Form,
        LoginForm,
        PasswordForm,
        ProvenForm,
        RenewalForm,
        encode_form,
        name_of_form,
        split_form,
    )
    from protocol.messages.padding import padded
    from protocol.messages.parts import (
        MAX_ANSWER_BYTES,
        MAX_AROUND_TEXT,
        MAX_PARTS,
        PART_BYTES,
        Part,
        Received,
        bitmap_of,
        cut,
        numbers_in,
    )
    from protocol.messages.table import (
        BY_NAME,
        BY_REQUEST,
        OPERATIONS,
        Operation,
    )
    from protocol.messages.usage import Usage, Used
    from protocol.messages.writing import (
        LAST_MILLISECONDS,
        MAX_LONG_TEXT_BYTES,
        MAX_OFFSET_MINUTES,
        MAX_TEXT_BYTES,
        MIN_MILLISECONDS,
        Put,
        Stored,
    )

__all__ = [
    "ALLOWED_SCOPES",
    "BY_NAME",
    "BY_REQUEST",
    "FORMS",
    "LAST_MILLISECONDS",
    "MAX_ADDRESS_BYTES",
    "MAX_ANSWER_BYTES",
    "MAX_ARCHIVE_ROWS",
    "MAX_AROUND_TEXT",
    "MAX_BATCH_ROWS",
    "MAX_CHUNK",
    "MAX_CURSOR_BYTES",
    "MAX_DAY_ROWS",
    "MAX_FILE_BYTES",
    "MAX_FOUND_BYTES",
    "MAX_GENERATION",
    "MAX_LABEL_BYTES",
    "MAX_LONG_TEXT_BYTES",
    "MAX_NAME_BYTES",
    "MAX_NOTE_BYTES",
    "MAX_OFFSET_MINUTES",
    "MAX_PAD",
    "MAX_PARTS",
    "MAX_PASSWORD_BYTES",
    "MAX_SKEW_MILLISECONDS",
    "MAX_TAIL_ROWS",
    "MAX_TEXT_BYTES",
    "MAX_TOKEN_ROWS",
    "MAX_WORDS_BYTES",
    "MIN_MILLISECONDS",
    "OPERATIONS",
    "PART_BYTES",
    "RENEWAL_HINT",
    "RENEWAL_HINT_BYTES",
    "VERSION_BYTES",
    "Amend",
    "ArchiveList",
    "ArchiveRow",
    "Archives",
    "Batch",
    "Batched",
    "Changed",
    "Chunk",
    "Clear",
    "Cleared",
    "DayList",
    "DayRow",
    "Days",
    "Delete",
    "Deleted",
    "EntryRow",
    "Form",
    "Found",
    "Grant",
    "Identity",
    "LoginForm",
    "LongRow",
    "Message",
    "Mint",
    "Operation",
    "Part",
    "PasswordForm",
    "Ping",
    "ProvenForm",
    "Put",
    "Read",
    "Received",
    "Recover",
    "Recovered",
    "Refusal",
    "Remove",
    "RenewalForm",
    "Reply",
    "Request",
    "Restore",
    "ResultRow",
    "Revoke",
    "Revoked",
    "Scope",
    "Search",
    "Stored",
    "Tail",
    "Tailed",
    "TextRequest",
    "TokenList",
    "TokenRow",
    "Tokens",
    "Usage",
    "Used",
    "Whoami",
    "allows",
    "bitmap_of",
    "cut",
    "decode_reply",
    "encode_form",
    "encode_reply",
    "encode_request",
    "hints_renewal",
    "name_of_form",
    "numbers_in",
    "padded",
    "parse_code",
    "parse_result",
    "parse_scopes",
    "split_form",
    "version_of",
]

if not TYPE_CHECKING:
    __getattr__ = find_lazily(
        __name__,
        __all__,
        # First what `diaryclient write` needs; the table, which imports all, last.
        tuple(
            f"{__name__}.{home}"
            for home in (
                "base",
                "writing",
                "coding",
                "padding",
                "diary",
                "batch",
                "changes",
                "parts",
                "finding",
                "following",
                "archive",
                "usage",
                "forms",
                "account",
                "table",
            )
        ),
    )
