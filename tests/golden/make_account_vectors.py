"""Writes the byte vectors of tokens and their renewal into `v1/`, once, as `make_vectors` does.

python tests/golden/make_account_vectors.py
"""

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocol.address import Address
from protocol.identifiers import EntryId, Username
from protocol.identity import fingerprint
from protocol.keys import expand
from protocol.login import encode_login, login_binding, prove
from protocol.messages.account import (
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
from protocol.messages.base import Reply, Request
from protocol.messages.forms import (
    Form,
    LoginForm,
    PasswordForm,
    ProvenForm,
    RenewalForm,
    encode_form,
)
from protocol.messages.padding import padded
from protocol.offer import Offer, Statement
from protocol.tokenword import TokenWord
from tests.golden.make_vectors import (
    CODE,
    COOKIE,
    IDENTITY_SEED,
    KID,
    NONCE,
    NOW,
    PREKEY,
    REPLY_KEY,
    ROOT,
    answer_vector,
    entry_id,
    pairs,
    plain,
    request_vector,
    write,
)

FIRST: Final = 100
"""The number of the first id; `make_vectors` has those below."""

REQUESTS: Final[dict[str, Request]] = {
    "tokens": padded(Tokens()),
    "tokens_after": padded(Tokens(KID)),
    "mint_write_only": Mint("cron on 书房", "write", 2_592_000_000, fixed=True),
    "revoke": Revoke(KID),
    "delete": Delete(Username("alice")),
}
GRANT: Final = Grant(bytes(range(8)), bytes(range(32, 64)), NOW + 2_592_000_000, "write", 1, NOW)
REPLIES: Final[dict[str, tuple[str, Reply]]] = {
    "tokens_two": (
        "tokens",
        TokenList(
            (
                TokenRow(bytes(range(8)), "cron on 书房", "write", NOW, 0, "", NOW + 1, own=False),
                TokenRow(KID, "laptop", "full", NOW - 9, NOW - 1, "2001:db8::1", 0, own=True),
            ),
            more=True,
        ),
    ),
    "tokens_none": ("tokens_after", TokenList((), more=False)),
    "mint_granted": ("mint_write_only", GRANT),
    "revoke_done": ("revoke", Revoked(2)),
    "delete_done": ("delete", Deleted()),
}
HINTED: Final[dict[str, tuple[str, Reply]]] = {"revoke_hinted": ("revoke", Revoked(0))}
"""Replies with the renewal hint."""


def rid_of(name: str) -> EntryId:
    """Give the id of a request's vector."""
    return entry_id(FIRST + list(REQUESTS).index(name))


def request_vectors() -> object:
    """One datagram for each request of REQUESTS."""
    return {name: request_vector(rid_of(name), request) for name, request in REQUESTS.items()}


def reply_vectors() -> object:
    """One datagram for each reply; `request` names its request's vector."""
    return {
        reply_name: answer_vector(name, rid_of(name), REQUESTS[name], reply, renew=renew)
        for renew, replies in ((False, REPLIES), (True, HINTED))
        for reply_name, (name, reply) in replies.items()
    }


def _proof(form: type[ProvenForm], binding: bytes) -> bytes:
    return prove(ROOT, form, KID, REPLY_KEY, binding)


def _forms(binding: bytes) -> dict[str, Form]:
    return {
        "login_fixed": LoginForm(
            Username("alice"), "correct horse", b"", REPLY_KEY, "tv", "read", 1000, 1, 1, fixed=True
        ),
        "renewal": RenewalForm(KID, _proof(RenewalForm, binding), REPLY_KEY, 1, 1),
        "password": PasswordForm(
            kid=KID,
            proof=_proof(PasswordForm, binding),
            current="correct horse 电池",
            password="$*%# battery",
            keep=False,
            key=REPLY_KEY,
            lowest=1,
            highest=1,
        ),
    }


def login_vectors() -> object:
    """LOGIN with each form that `login.json` lacks, to its offer."""
    identity = Ed25519PrivateKey.from_private_bytes(IDENTITY_SEED)
    prekey = X25519PrivateKey.from_private_bytes(PREKEY)
    statement = Statement(
        identity.public_key().public_bytes_raw(),
        prekey.public_key().public_bytes_raw(),
        NOW,
        NOW + 3_900_000,
        1,
        1,
    )
    offer = Offer(COOKIE, statement, identity.sign(statement.encode()))
    rid = entry_id(FIRST + 50)
    binding = login_binding(rid, NOW + 50, offer, NONCE)
    return {
        name: {
            "rid": rid.hex(),
            "timestamp": NOW + 50,
            "cookie": COOKIE.hex(),
            "nonce": NONCE.hex(),
            "root": ROOT.hex(),
            "proof_key": expand(ROOT, b"diary/1 renewal" + KID, 32).hex(),
            "binding": binding.hex(),
            "form": pairs(encode_form(form)),
            "packed": encode_form(form).hex(),
            "datagram": encode_login(rid, NOW + 50, offer, NONCE, form).hex(),
        }
        for name, form in _forms(binding).items()
    }


def word_vectors() -> object:
    """Token words with what they carry."""
    words = {
        "name": TokenWord(
            address=Address("diary.example", 8888),
            user=Username("alice"),
            fingerprint=fingerprint(ROOT),
            kid=KID,
            root=ROOT,
            scopes="write",
            expires=NOW,
            fixed=True,
        ),
        "ipv6": TokenWord(
            address=Address("2001:db8::1", 443),
            user=Username("bob"),
            fingerprint=fingerprint(CODE),
            kid=bytes(range(8)),
            root=bytes(32),
            scopes="full",
            expires=0,
            fixed=False,
        ),
    }
    return {
        name: {
            "address": str(word.address),
            "user": str(word.user),
            "fingerprint": word.fingerprint,
            "kid": plain(word.kid),
            "root": plain(word.root),
            "scopes": word.scopes,
            "expires": word.expires,
            "fixed": word.fixed,
            "word": word.encode(),
        }
        for name, word in words.items()
    }


FILES: Final[dict[str, Callable[[], object]]] = {
    "account_requests": request_vectors,
    "account_replies": reply_vectors,
    "account_logins": login_vectors,
    "tokens": word_vectors,
}

if __name__ == "__main__":
    write(FILES)
