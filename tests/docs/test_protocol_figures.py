"""The figures in the sentences of docs/PROTOCOL.md are the code's; tables are checked elsewhere.

Rules: a sentence is looked for as a whole, so that its figure cannot be another's; line ends do not
count. What the document asks of a client is compared with the client that comes with it.
"""

import re
from pathlib import Path
from typing import Final

import pytest

from diaryclient.asking import asker, enquiry, exchange, handshake, polling, window
from diaryserver.accounts import changetable, database, invitetable
from diaryserver.net import line_stream as telnet
from diaryserver.service import token_life as tokens
from diaryserver.service.logins import cookies, credentials, prekeys
from diaryserver.service.plain import dialect
from diaryserver.service.ports import accounts
from diaryserver.service.requests import assembling, requests, turnedaway
from diaryserver.service.work import turns
from diaryserver.store import quota
from diaryserver.store.days import pieces
from protocol import address, envelope, login, offer, packing
from protocol.channel import seal_request
from protocol.identifiers import MAX_MILLISECONDS, Day, EntryId
from protocol.keys import derive_token_keys
from protocol.messages.base import MAX_SKEW_MILLISECONDS, PAD_TO, PADDED_PLAINTEXT
from protocol.messages.batch import MAX_BATCH_ROWS, Batch, EntryRow
from protocol.messages.coding import encode_request
from protocol.messages.diary import Days
from protocol.messages.finding import Search
from protocol.messages.padding import padded
from protocol.messages.parts import PART_BYTES
from protocol.messages.writing import MAX_LONG_TEXT_BYTES, MAX_OFFSET_MINUTES, MAX_TEXT_BYTES

DOCUMENT: Final = " ".join(
    (Path(__file__).parents[2] / "docs" / "PROTOCOL.md").read_text(encoding="utf-8").split()
)
NUMBERS: Final = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 8: "eight", 10: "ten"}
SKEW: Final = MAX_SKEW_MILLISECONDS // 1000
OFFER_BYTES: Final = envelope.OVERHEAD + offer._OFFER_BODY
GRANT_BODY: Final = login._GRANT_PLAINTEXT + envelope.SIV_BYTES
PREKEY_MINUTES: Final = (prekeys.PREKEY_LIFE_MILLISECONDS + prekeys.OVERLAP_MILLISECONDS) // 60_000
ENDED_DAYS: Final = invitetable.ENDED_LIFE_MILLISECONDS // 86_400_000
ASKING: Final = handshake.ASKING_SECONDS
SEALED_LOGIN: Final = login._LOGIN_PLAINTEXT + 16
NOW: Final = 1_795_344_048_123

SENTENCES: Final = (
    f"n is {envelope.MIN_DATAGRAM - envelope.OVERHEAD} to {envelope.MAX_BODY}.",
    f"The **header** is bytes 0 to {envelope.HEADER_BYTES - 1}.",
    f"The tag is always the last {envelope.TAG_BYTES} bytes.",
    f"The plaintext has 1 to {envelope.MAX_PLAINTEXT} bytes.",
    f"nested at most {packing.MAX_DEPTH} deep",
    f"has no lists and at most {packing.MAX_LONG_FIELDS} fields in a map",
    f"Versions are 1 to {envelope.MAX_VERSION}, the lowest not above",
    f"an `at` more than {SKEW} s after its own time",
    f"A client sends a text of up to {MAX_TEXT_BYTES} bytes in one datagram",
    f"that fits its {envelope.MAX_PLAINTEXT} bytes",
    f"into a batch as fit its {envelope.MAX_PLAINTEXT} bytes",
    f"so is a text of more than {MAX_TEXT_BYTES} bytes",
    f"A text of more than {MAX_TEXT_BYTES} bytes goes in parts",
    f"Each part but the last has {PART_BYTES} bytes",
    f"from {PART_BYTES} times `number` on",
    f"BUSY: {NUMBERS[assembling.MAX_OPEN]} requests of this user are on their way",
    f"those of all users take {assembling.MAX_BYTES // 2**20} MiB already",
    f"{assembling.LIFE_SECONDS / 60:.0f} minutes after the first part",
    f"or {assembling.QUIET_SECONDS:.0f} s after the last one",
    f"until the datagram has at least {PAD_TO} bytes",
    f"then `pad` takes {PADDED_PLAINTEXT} - m bytes",
    f"The datagram has {PAD_TO} bytes, or {PAD_TO + 1} where `pad` is longer than 255.",
    f"at most {NUMBERS[requests.AMPLIFICATION]} times as many bytes as its request",
    f"it has at most {NUMBERS[requests.AMPLIFICATION]} times the bytes of its request",
    f"the entry was changed {pieces.MAX_CHANGES} times, which is the most",
    f"then every {polling.POLL_SECONDS:.0f} s, not more often",
    f"off by {MAX_OFFSET_MINUTES // 60} hours at most",
    f"whole blocks of {quota.BLOCK_BYTES} bytes a file",
    f"gets {NUMBERS[requests.MAX_ANSWERS]} answers at most",
    f"at most {NUMBERS[requests.MAX_ANSWERS]} times for one rid",
    f"| rid answered fewer than {requests.MAX_ANSWERS} times",
    f"| fewer than {turns.MAX_WAITING} requests of this user's wait that look into files",
    f"BUSY {turnedaway.MAX_TOLD} times a second, then silence",
    f"whose timestamp is within {SKEW} s of its own time",
    f"| timestamp within {SKEW} s |",
    f"with a clock that is more than {asker._SURELY_REFUSED // 1000} s off",
    "It does so twice at most for one request.",
    f"at least {exchange.SHORTEST_TIMEOUT} s, at most {exchange.LONGEST_TIMEOUT:.0f} s",
    f"what was doubled is at most {exchange.LONGEST_TIMEOUT:.0f} s too",
    f"RTO = min(2 RTO, {exchange.LONGEST_TIMEOUT:.0f} s)",
    f"once measured {exchange.SHORTEST_TIMEOUT} to {exchange.LONGEST_TIMEOUT:.0f} s (3)",
    "a random time from 0.5 to 1.0 s",
    f"waits at most {exchange.PATIENCE:.0f} s",
    f"until {exchange.PATIENCE:.0f} s have passed (4)",
    f"After {exchange.PATIENCE / 2:.0f} s of silence send one HELLO",
    f"Ask again every {exchange.QUICK_TIMEOUT} s",
    "with a timestamp one hour old",
    f"Only if {NUMBERS[enquiry.ENOUGH_UNANSWERED]} probes stay unanswered",
    f"at most {window.FIRST} requests in flight until you know the path",
    f"{window.MOST} at most; half as many, {window.LEAST} at least",
    f"begin with {window.FIRST} again",
    f"after {ASKING} to {2 * ASKING} s of silence and then each {ASKING} s, for",
    f"then each {ASKING} s, for {exchange.PATIENCE:.0f} s at most",
    f"HELLO, each {ASKING} s, first after {ASKING} to {2 * ASKING} s",
    f"Seal {NUMBERS[handshake.MOST_LOGINS]} LOGINs at most",
    f"Each fresh OFFER begins the {exchange.PATIENCE:.0f} s anew",
    f"### HELLO (kind 10, {envelope.MAX_DATAGRAM} bytes)",
    f"### OFFER (kind 11, {OFFER_BYTES} bytes)",
    f"### LOGIN (kind 12, {envelope.MAX_DATAGRAM} bytes)",
    f"### GRANT (kind 13, {envelope.OVERHEAD + GRANT_BODY} bytes)",
    f"S is bytes 68 to {67 + offer._STATEMENT_BYTES}: {offer._STATEMENT_BYTES} bytes.",
    f"not more than {SKEW} s before `not before`",
    f"accepts it for {PREKEY_MINUTES} minutes",
    "A server makes a prekey each hour",
    f"and lives {cookies.COOKIE_LIFE_MILLISECONDS // 1000} s",
    f"| 140 | {SEALED_LOGIN} | ciphertext of {login._LOGIN_PLAINTEXT} bytes",
    f"The plaintext has {login._LOGIN_PLAINTEXT} bytes: the form's length",
    f"| 44 | {GRANT_BODY} | body: {envelope.SIV_BYTES} bytes of synthetic IV,",
    f"bytes of synthetic IV, {login._GRANT_PLAINTEXT} bytes of ciphertext |",
    f"The plaintext has {login._GRANT_PLAINTEXT} bytes: the map's length",
    f"SHA-256 over all {envelope.MAX_DATAGRAM} bytes of the LOGIN",
    f"the new password, of at least {credentials.MIN_PASSWORD} characters",
    f"is the new one, of at least {credentials.MIN_PASSWORD} characters",
    f"a new password of fewer than {credentials.MIN_PASSWORD} characters",
    f"not used within {accounts.UNUSED_LIFE_MILLISECONDS // 60_000} minutes dies",
    f"A user has at most {tokens.MAX_LIVE_LINES} live lines; beyond that",
    f"A user has at most {tokens.MAX_LIVE_LINES} live lines. A log-in",
    f"at the latest {tokens.LONGEST_LINE_MILLISECONDS // 86_400_000} days after the last log-in",
    f"whose {tokens.LONGEST_LINE_MILLISECONDS // 86_400_000} days begin anew",
    f"keeps the {NUMBERS[tokens.MAX_UNUSED_SUCCESSORS]} newest successors",
    f"to {tokens.OVERLAP_MILLISECONDS // 60_000} minutes later, at most",
    f"for {ENDED_DAYS} days after its time",
    f"of a user's last {NUMBERS[invitetable.MAX_ENDED]} invites",
    f"A host is a name of at most {address._MAX_HOST} letters",
    f"An `invite` of 1 to {16 - 1} bytes is within its bounds",
    f"zones from `-{MAX_OFFSET_MINUTES // 60}:00` to `+{MAX_OFFSET_MINUTES // 60}:00`",
    f"One line is one text, at most {telnet.MAX_LINE} bytes",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_has_the_figure_of_the_code(sentence: str) -> None:
    """Whole, in that sentence."""
    assert " ".join(sentence.split()) in DOCUMENT


def test_the_figures_that_stand_in_words() -> None:
    """Twice, an hour, a day, a third, and the first timeout."""
    assert asker._MOST_CORRECTIONS == 2
    assert enquiry.PROBE_AGE == prekeys.PREKEY_LIFE_MILLISECONDS == 3_600_000
    assert changetable.CHANGE_LIFE_MILLISECONDS == 86_400_000
    assert tokens._DUE_PART == 3
    assert len(dialect.FOOTER) == 28
    assert database.SALT_LIFE_MILLISECONDS == 30 * 86_400_000
    soonest, latest = (exchange.RoundTrip(chance) for chance in (bytes, b"\xff".__mul__))
    assert (soonest.timeout(), latest.timeout()) == (0.5, 1.0)


def test_what_a_batch_takes_is_measured() -> None:
    """The map and its names, and an entry of this century beside its text."""
    rid = EntryId.make(NOW, bytes(10))

    def size(rows: int, length: int) -> int:
        row = EntryRow(rid, NOW, 480, "x" * length, star=False)
        return len(encode_request(Batch((row,) * rows)))

    empty = size(0, 0)
    short, long = size(1, 255) - empty - 255, size(1, 256) - empty - 256
    many = size(16, 255) - 16 * (short + 255)
    words = (
        f"names take {empty} bytes, with more than 15 rows {many}, and an entry of this century at "
        f"most {short} bytes beside its text, {long} for a text of more than 255 bytes"
    )
    assert words in DOCUMENT
    assert size(MAX_BATCH_ROWS, 1) > envelope.MAX_PLAINTEXT


def test_a_padded_request_has_the_length_that_is_told() -> None:
    """400 bytes, or 401 where the pad needs one more for its length."""
    keys = derive_token_keys(bytes(32), bytes(8))
    rid, day = EntryId.make(NOW, bytes(10)), Day("2026-11-22")
    lengths = {
        len(seal_request(keys, rid, NOW, request))
        for request in (padded(Days(day, day)), padded(Search("x" * 200, day, day)))
    }
    assert lengths == {PAD_TO, PAD_TO + 1}


def test_the_last_moments_of_an_entry_are_a_day_from_the_ends() -> None:
    """So that each is a day of the calendar in every zone."""
    found = re.search(r"\| at \| integer (-?\d+) to (\d+) \|", DOCUMENT)
    assert found
    assert [int(each) for each in found.groups()] == [
        -62_135_596_800_000 + 86_400_000,
        MAX_MILLISECONDS - 86_400_000,
    ]
    assert f"text, 1 to {MAX_LONG_TEXT_BYTES} bytes" in DOCUMENT
