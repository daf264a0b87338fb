"""The configuration file: TOML, validated strictly and as a whole.

Rules: an unknown key is a mistake; every mistake is reported in one run, one line each; relative
paths are relative to the file. Reading creates nothing.
"""

import os
import tomllib
from contextlib import suppress
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from diaryserver.errors import ConfigurationError
from diaryserver.service.plain import encodings
from diaryserver.service.plain.dialect import least_limit
from diaryserver.service.quotas import MAX_DAY_BYTES, NO_LIMIT, Quotas
from protocol.address import Address
from protocol.errors import MalformedError
from protocol.identifiers import Username

CONFIGURATION_VARIABLE: Final = "DIARY_CONFIG"
DEFAULT_PATH: Final = Path("/etc/diaryserver/server.toml")
MAX_CONFIGURATION_BYTES: Final = 2**20
MAX_LISTEN: Final = 16
MAX_ROUTES: Final = 1024
MAX_MONTHS: Final = 1200
"""A century; who wants no month compressed says 0."""

MAX_UDP_PAYLOAD: Final = 65_507
"""What one IPv4 datagram can hold (RFC 768, RFC 791)."""

UNLIMITED: Final = "unlimited"
"""What to write where there is to be no limit."""

_BYTES: Final = TypeAdapter(ByteSize)

MIN_REPLY_LIMIT: Final = 128
"""Header and footer of a plain-text reply take 81 bytes; less leaves no room for an entry."""


def _address(value: object) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError("write host, host:port or [v6]:port, in quotes")  # noqa: TRY004
    try:
        return Address.parse(value)
    except MalformedError as error:
        raise ValueError(str(error)) from None


def _is_wildcard(address: Address) -> bool:
    return (ip := _ip(address)) is not None and ip.is_unspecified


def _is_link_local(address: Address) -> bool:
    """Tell an address that means nothing without a zone, the name of an interface."""
    return isinstance(ip := _ip(address), IPv6Address) and ip.is_link_local


def _lacks_zone(address: Address) -> bool:
    return _is_link_local(address) and "%" not in address.host


def _ip(address: Address) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address.host)
    except ValueError:
        return None  # a name, which is what most people tell their clients


def _path(value: str) -> str:
    if "\0" in value:
        raise ValueError("a path has no NUL in it")
    return value


def _username(value: str) -> Username:
    try:
        return Username(value)
    except MalformedError as error:
        raise ValueError(str(error)) from None


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError("write a network, such as 192.168.1.0/24, in quotes") from None


def _listen_address(address: Address) -> Address:
    if _ip(address) is None:
        raise ValueError("listen on an IP address, not on a name")
    if _lacks_zone(address):
        raise ValueError(f"a link-local address needs its interface, as in {address.host}%eth0")
    return address


def _check_meant_elsewhere(address: Address) -> None:
    if _is_wildcard(address):
        raise ValueError("needed when listen is a wildcard address")
    if _is_link_local(address):
        raise ValueError("needed when listen is a link-local address, which is no other machine's")


def _bytes(value: object) -> int:
    if value == UNLIMITED:
        return NO_LIMIT
    if isinstance(value, str | int) and not isinstance(value, bool):
        with suppress(ValidationError):
            return int(_BYTES.validate_python(value))
    raise ValueError('write a number of bytes, a text such as "1 GiB", or "unlimited"')


def _entries(value: object) -> object:
    return NO_LIMIT if value == UNLIMITED else value


AddressField: TypeAlias = Annotated[Address, BeforeValidator(_address)]
ListenField: TypeAlias = Annotated[AddressField, AfterValidator(_listen_address)]
UsernameField: TypeAlias = Annotated[str, AfterValidator(_username)]
BytesField: TypeAlias = Annotated[int, Field(ge=1, le=NO_LIMIT), BeforeValidator(_bytes)]
EntriesField: TypeAlias = Annotated[int, Field(ge=1, le=NO_LIMIT), BeforeValidator(_entries)]
NetworkField: TypeAlias = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class _Section(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True
    )


class ServerSection(_Section):
    """Where to listen, where to keep the data, and what an invite says."""

    listen: Annotated[list[ListenField], Field(min_length=1, max_length=MAX_LISTEN)]
    data_dir: Annotated[str, Field(min_length=1), AfterValidator(_path)]
    public_address: Annotated[AddressField | None, Field(validate_default=True)] = None

    @field_validator("public_address")
    @classmethod
    def _can_be_dialled(cls, chosen: Address | None, info: ValidationInfo) -> Address | None:
        listen = info.data.get("listen")  # not there if it has mistakes of its own
        if chosen is None and listen:
            _check_meant_elsewhere(listen[0])
        if chosen is not None and (not chosen.port or _is_wildcard(chosen)):
            raise ValueError("name a host and a port that clients can reach")
        if chosen is not None and _lacks_zone(chosen):
            raise ValueError("a link-local address needs the clients' interface behind a %")
        return chosen


class LegacyRoute(_Section):
    """Plain text from `network` goes to `user`'s diary."""

    network: NetworkField
    user: UsernameField


class LegacySection(_Section):
    """Plain-text clients: who may, and whose diary they write."""

    enabled: bool = False
    tcp: bool = True
    user: UsernameField = "guest"
    allow: list[NetworkField] = Field(
        default_factory=lambda: [ip_network("127.0.0.0/8"), ip_network("::1/128")],
        max_length=MAX_ROUTES,
    )
    reply_limit: Annotated[int, Field(ge=MIN_REPLY_LIMIT, le=MAX_UDP_PAYLOAD)] = 1024
    encoding: Annotated[str, AfterValidator(encodings.named)] = encodings.AUTO
    route: Annotated[list[LegacyRoute], Field(max_length=MAX_ROUTES)] = []

    @field_validator("encoding")
    @classmethod
    def _suits_the_rest(cls, chosen: str, info: ValidationInfo) -> str:
        if chosen == encodings.AUTO:
            return chosen
        if info.data.get("tcp") and not encodings.has_plain_lines(chosen):
            raise ValueError(f"{chosen} has no lines that TCP could carry: set tcp = false")
        least = least_limit(chosen)
        if info.data.get("reply_limit", least) < least:
            raise ValueError(f"{chosen} needs a reply_limit of at least {least}")
        return chosen

    def users(self) -> set[Username]:
        """Give the users whose diaries plain text may go to."""
        return {Username(name) for name in (self.user, *(route.user for route in self.route))}


class StorageSection(_Section):
    """How diaries are kept; all of them are kept for ever."""

    compress_after_months: Annotated[int, Field(ge=0, le=MAX_MONTHS)] = 0


class QuotaSection(_Section):
    """How much room one diary has, and one day of it.

    The defaults stop a program that runs wild, and no person: 1 GiB is a page a day for seven
    hundred years, a million entries are 270 a day for ten, 100,000 a day more than one a second.
    """

    bytes: BytesField = 2**30
    entries: EntriesField = 1_000_000
    day_bytes: Annotated[BytesField, Field(le=MAX_DAY_BYTES)] = MAX_DAY_BYTES
    day_entries: EntriesField = 100_000

    def limits(self) -> Quotas:
        """Give them as the store takes them."""
        return Quotas(self.bytes, self.entries, self.day_bytes, self.day_entries)


class Configuration(_Section):
    """A whole file; `path` is where it was read from."""

    server: ServerSection
    storage: StorageSection = StorageSection()
    legacy: LegacySection = LegacySection()
    quota: QuotaSection = QuotaSection()
    path: Annotated[Path, Field(exclude=True)]

    @property
    def data(self) -> Path:
        """The data folder, absolute."""
        return (self.path.parent / self.server.data_dir).resolve()


def find_configuration(chosen: Path | None) -> Path:
    """Give the file to read: the one chosen, else `$DIARY_CONFIG`, else the system's."""
    if chosen is not None:
        return chosen
    from_environment = os.environ.get(CONFIGURATION_VARIABLE)
    return Path(from_environment) if from_environment else DEFAULT_PATH


def read_configuration(path: Path) -> Configuration:
    """Read and validate a file; raise ConfigurationError with every mistake, one line each."""
    values = _read_toml(path)
    if "path" in values:
        raise ConfigurationError(f"{path}: path: there is no such key")
    try:
        return Configuration.model_validate({**values, "path": path.resolve()})
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        lines = sorted({_line(mistake) for mistake in mistakes})
    raise ConfigurationError("\n".join(f"{path}: {line}" for line in lines))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIGURATION_BYTES + 1)
    except OSError as error:
        hint = "; name one with --config FILE" if isinstance(error, FileNotFoundError) else ""
        raise ConfigurationError(f"{path}: {error.strerror}{hint}") from None
    if len(data) > MAX_CONFIGURATION_BYTES:
        raise ConfigurationError(f"{path}: longer than {MAX_CONFIGURATION_BYTES} bytes")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8") from None
    except ValueError as error:  # TOMLDecodeError, or a number of too many digits
        raise ConfigurationError(f"{path}: {error}") from None


def _line(mistake: ErrorDetails) -> str:
    key = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        return f"{key}: there is no such key"
    if mistake["type"] == "missing":
        return f"{key}: missing"
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{key}: {message[0].lower()}{message[1:]}"
