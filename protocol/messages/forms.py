"""The forms that LOGIN seals, one of them each time: a credential, and what shall come of it.

Rules: a form travels as a map of its fields; all but `LoginForm`, which came first, also have
`form`, their name. `key` is always the fresh reply key of 32 random bytes, `lowest` and `highest`
the client's versions.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final, TypeAlias

from protocol.envelope import KID_BYTES
from protocol.errors import MalformedError
from protocol.fields import Flag, Octets, Parsed, Text, Whole
from protocol.identifiers import Username
from protocol.keys import ROOT_BYTES
from protocol.messages.base import LabelField, Message, Moment, ScopesField
from protocol.messages.coding import plain_map
from protocol.packing import pack, unpack

PROOF_BYTES: Final = 32
MAX_PASSWORD_BYTES: Final = 256
_FORM: Final = "form"

KidField: TypeAlias = Annotated[bytes, Octets(KID_BYTES, KID_BYTES)]
KeyField: TypeAlias = Annotated[bytes, Octets(ROOT_BYTES, ROOT_BYTES)]
ProofField: TypeAlias = Annotated[bytes, Octets(PROOF_BYTES, PROOF_BYTES)]
PasswordField: TypeAlias = Annotated[str, Text(1, MAX_PASSWORD_BYTES)]
VersionField: TypeAlias = Annotated[int, Whole(1, 15)]


@dataclass(frozen=True, slots=True)
class LoginForm(Message):
    """A user, one credential, and what the token shall be.

    `invite` is empty for a login by password; with an invite, `password` is the new one.
    `lifetime` is in ms (0: never ends). `fixed` says that a person chose the end, so that the token
    is never renewed; it is on the wire only if it is true.
    """

    user: Annotated[Username, Parsed(Username)]
    password: PasswordField = field(repr=False)
    invite: Annotated[bytes, Octets(0, 16)] = field(repr=False)
    key: KeyField = field(repr=False)
    label: LabelField
    scopes: ScopesField
    lifetime: Moment
    lowest: VersionField
    highest: VersionField
    fixed: Annotated[bool, Flag()] = False


@dataclass(frozen=True, slots=True)
class RenewalForm(Message):
    """Ask for a successor of the token `kid`, which `proof` proves (`protocol.login.prove`)."""

    kid: KidField
    proof: ProofField = field(repr=False)
    key: KeyField = field(repr=False)
    lowest: VersionField
    highest: VersionField


@dataclass(frozen=True, slots=True)
class PasswordForm(Message):
    """Change the password of the user of the token `kid`, which `proof` proves, and renew it.

    All the user's other tokens end, unless `keep`.
    """

    kid: KidField
    proof: ProofField = field(repr=False)
    current: PasswordField = field(repr=False)
    password: PasswordField = field(repr=False)
    keep: Annotated[bool, Flag()]
    key: KeyField = field(repr=False)
    lowest: VersionField
    highest: VersionField


ProvenForm: TypeAlias = RenewalForm | PasswordForm
Form: TypeAlias = LoginForm | ProvenForm

FORMS: Final[dict[str | None, type[Form]]] = {
    None: LoginForm,
    "renew": RenewalForm,
    "passwd": PasswordForm,
}
"""By what `form` says; None: it is absent."""


def name_of_form(form: type[ProvenForm]) -> str:
    """Give what `form` says in the map of such a form."""
    return next(name for name, kind in FORMS.items() if name is not None and kind is form)


def encode_form(form: Form) -> bytes:
    """Give a form's msgpack map, before `protocol.login` pads it."""
    if isinstance(form, LoginForm):
        fields = plain_map(form)
        if not form.fixed:
            del fields["fixed"]
        return pack(fields)
    return pack({_FORM: name_of_form(type(form))} | plain_map(form))


def split_form(plaintext: bytes) -> tuple[type[Form], dict[str, object]]:
    """Tell which form a map is, and give its fields, unread; raise MalformedError if none."""
    values = unpack(plaintext)
    name: str | None = None
    if _FORM in values:
        given = values.pop(_FORM)
        if not isinstance(given, str):
            raise MalformedError("the name of a form is a text")
        name = given
    kind = FORMS.get(name)
    if kind is None:
        raise MalformedError("no form has such a name")
    return kind, values
