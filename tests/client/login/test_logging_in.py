"""Logging in against a server in memory: trust before credentials, and one token."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from diaryclient.asking.session import Arrival
from diaryclient.errors import (
    ClocksDifferError,
    IdentityChangedError,
    LostAnswerError,
    UnreachableError,
    UntrustedServerError,
)
from diaryclient.home.logins import Login, Logins
from diaryclient.home.settings import Choice
from diaryclient.login.lifetime import DEFAULT_LIFE
from diaryclient.login.logging_in import Gatekeeper, Target, Trust, Wish, log_in
from protocol.envelope import Kind, parse_envelope
from protocol.errors import BusyError, DeniedError, ErrorCode, MalformedError, RateError, UsageError
from tests.client.fakes import (
    ADDRESS,
    ALICE,
    KID,
    ROOT,
    START,
    FakeClock,
    FakeServer,
    login_to,
    seeded,
)
from tests.client.network import FakeTransport, session_with

ACCEPT = Trust(accept_new=True)
WISH = Wish("laptop", "full", DEFAULT_LIFE)
OTHER = "SHA256:" + "A" * 43


@pytest.fixture
def server() -> FakeServer:
    """A server that knows alice."""
    return FakeServer(FakeClock())


@pytest.fixture
def logins(tmp_path: Path) -> Logins:
    """An empty folder of logins."""
    return Logins(tmp_path / "logins")


def attempt(
    server: FakeServer,
    logins: Logins,
    *,
    trust: Trust = ACCEPT,
    target: Target | None = None,
    transport: FakeTransport | None = None,
    password: str = "correct horse",
) -> Login:
    """Log in as the command does."""
    target = target or Target(ADDRESS, ALICE)
    gatekeeper = Gatekeeper(target, trust, logins.pinned(ADDRESS))
    login, _ = log_in(
        target,
        password,
        WISH,
        gatekeeper,
        logins=logins,
        session=session_with(transport or FakeTransport(server.clock, [server])),
        clock=server.clock,
        chance=seeded(),
    )
    return login


def test_a_login_gives_a_saved_token(server: FakeServer, logins: Logins) -> None:
    """Token, scopes, end and the pinned identity are in the file that `choose` finds."""
    login = attempt(server, logins)
    assert (login.kid, login.root, login.scopes) == (KID, ROOT, "full")
    assert login.fingerprint == server.fingerprint
    assert abs(login.expires - START - DEFAULT_LIFE.milliseconds) < 1000
    assert (login.label, login.fixed) == ("laptop", False)
    assert logins.choose(Choice()) == login
    assert server.kinds == [Kind.HELLO, Kind.LOGIN]


def test_an_invite_brings_its_code_and_the_new_password(server: FakeServer, logins: Logins) -> None:
    """With an invite the form has the code, and nobody is asked about the identity."""
    target = Target(ADDRESS, ALICE, b"c" * 16, server.fingerprint)
    attempt(server, logins, target=target, trust=Trust(), password="brand new one")
    [form] = server.forms
    assert (form.invite, form.password, form.user) == (b"c" * 16, "brand new one", ALICE)


@pytest.mark.parametrize(
    ("code", "error"), [(ErrorCode.DENIED, DeniedError), (ErrorCode.RATE, RateError)]
)
def test_a_refused_login_saves_nothing(
    server: FakeServer, logins: Logins, code: ErrorCode, error: type[Exception]
) -> None:
    """The reason is the server's, and no file is left."""
    server.refusals.append(code)
    with pytest.raises(error):
        attempt(server, logins)
    assert logins.pinned(ADDRESS) is None


def test_a_wrong_password_is_denied(server: FakeServer, logins: Logins) -> None:
    """A refused login exits with 3."""
    with pytest.raises(DeniedError) as caught:
        attempt(server, logins, password="wrong horse")
    assert caught.value.exit_status == 3


@pytest.mark.parametrize(
    ("trust", "error"),
    [
        (Trust(), UntrustedServerError),
        (Trust(ask=lambda _: False), UntrustedServerError),
        (Trust(explicit=OTHER), IdentityChangedError),
        (Trust(explicit=OTHER, accept_new=True), IdentityChangedError),
    ],
)
def test_no_credential_goes_to_an_unconfirmed_server(
    server: FakeServer, logins: Logins, trust: Trust, error: type[Exception]
) -> None:
    """Without a confirmation the HELLO is all that was sent."""
    with pytest.raises(error) as caught:
        attempt(server, logins, trust=trust)
    assert server.kinds == [Kind.HELLO]
    assert getattr(caught.value, "exit_status", None) == 3


def test_a_confirmed_fingerprint_is_the_one_shown(server: FakeServer, logins: Logins) -> None:
    """The person is asked about exactly what the server showed."""
    shown: list[str] = []

    def ask(fingerprint: str) -> bool:
        shown.append(fingerprint)
        return True

    attempt(server, logins, trust=Trust(ask=ask))
    assert shown == [server.fingerprint]


@pytest.mark.parametrize("trust", [ACCEPT, Trust(), Trust(ask=lambda _: True)])
def test_a_changed_identity_is_refused_loudly(
    server: FakeServer, logins: Logins, trust: Trust
) -> None:
    """Neither --accept-new nor a yes overrides a pin; old, new and the way out are named."""
    old = attempt(server, logins).fingerprint
    impostor = FakeServer(server.clock)
    with pytest.raises(IdentityChangedError) as caught:
        attempt(impostor, logins, trust=trust)
    for fact in (old, impostor.fingerprint, "CHANGED", f"--fingerprint {impostor.fingerprint}"):
        assert fact in str(caught.value)
    assert impostor.kinds == [Kind.HELLO]
    attempt(impostor, logins, trust=Trust(explicit=impostor.fingerprint))
    assert logins.pinned(ADDRESS) == impostor.fingerprint


def test_an_invite_does_not_override_a_pin(server: FakeServer, logins: Logins) -> None:
    """An invite for another identity than the pinned one is refused before anything is sent."""
    logins.save(login_to(server))
    target = Target(ADDRESS, ALICE, b"c" * 16, OTHER)
    with pytest.raises(IdentityChangedError):
        attempt(server, logins, target=target)
    with pytest.raises(UsageError):
        attempt(server, logins, target=target, trust=Trust(explicit=server.fingerprint))
    assert server.kinds == []


def test_a_stale_cookie_gets_a_new_login_under_the_same_id(
    server: FakeServer, logins: Logins
) -> None:
    """A fresh OFFER in answer to a LOGIN makes a new LOGIN; the id stays."""
    server.stale_cookies = 2
    attempt(server, logins)
    assert len(set(server.logins)) == 3
    assert len({data[16:32] for data in server.logins}) == 1


def test_three_logins_are_enough(server: FakeServer, logins: Logins) -> None:
    """A server that never likes the cookie does not get LOGINs for ever."""
    server.stale_cookies = 100
    with pytest.raises(UnreachableError, match="not to this login"):
        attempt(server, logins)
    assert len(set(server.logins)) == 3
    assert server.clock.monotonic < 7


def test_a_lost_grant_is_asked_for_with_the_same_bytes(server: FakeServer, logins: Logins) -> None:
    """A repeated LOGIN is byte for byte the same, so there is one token."""
    grants = iter([[], [], [0.01]])
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda data: [
            (delay, data) for delay in (next(grants) if data[2] == Kind.GRANT else [0.01])
        ],
    )
    attempt(server, logins, transport=transport)
    assert len(server.logins) == 3
    assert len(set(server.logins)) == 1
    assert len(server.forms) == 1


def test_late_answers_to_repeated_hellos_make_no_second_login(
    server: FakeServer, logins: Logins
) -> None:
    """An invite works once: two LOGINs at the same time would lose its token."""
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda data: [(0.7 if data[2] == Kind.OFFER else 0.8 * (data[2] == Kind.GRANT), data)],
    )
    attempt(server, logins, transport=transport)
    assert server.kinds.count(Kind.HELLO) == 3
    assert len(set(server.logins)) == 1


def test_a_busy_server_is_asked_anew(server: FakeServer, logins: Logins) -> None:
    """BUSY is remembered by the server for these bytes, so the next LOGIN is a new one."""
    server.refusals.extend([ErrorCode.BUSY, ErrorCode.BUSY])
    attempt(server, logins)
    assert len(set(server.logins)) == 3
    server.refusals.extend([ErrorCode.BUSY] * 5)
    with pytest.raises(BusyError):
        attempt(server, logins)


def test_a_disk_that_failed_is_asked_anew(server: FakeServer, logins: Logins) -> None:
    """STORAGE says that nobody knows what came of it; the same rid and reply key find out."""
    server.refusals.append(ErrorCode.STORAGE)
    attempt(server, logins)
    assert len({form.key for form in server.forms}) == 1
    assert len({data[16:32] for data in server.logins}) == 1


class Restarting:
    """A transport to a server that dies with its first GRANT and is back after some seconds."""

    def __init__(self, server: FakeServer, down: float) -> None:
        """Nothing listens for `down` seconds; then cookies and prekey are new ones."""
        self.transport = FakeTransport(server.clock, [server], back=self._back)
        self._server = server
        self._down = down
        self._back_at = -1.0

    def _back(self, data: bytes) -> list[tuple[float, bytes]]:
        if data[2] != Kind.GRANT or self._back_at >= 0:
            return [(0.01, data)]
        self._back_at = self._server.clock.monotonic + self._down
        self.transport.servers = [None]
        self.transport.wait = self._wait  # type: ignore[method-assign]
        return []

    def _wait(self, seconds: float) -> list[Arrival]:
        if self._server.clock.monotonic >= self._back_at and self.transport.servers == [None]:
            self._server.prekey = X25519PrivateKey.generate()
            self._server.stale_cookies = 1
            self.transport.servers = [self._server]
        return FakeTransport.wait(self.transport, seconds)


@pytest.mark.parametrize("hellos", [1, 3])
def test_a_server_that_restarts_meanwhile_is_asked_again(
    server: FakeServer, logins: Logins, hellos: int
) -> None:
    """Under the same rid, with the same nonce, reply key and password, sealed to its new prekey."""
    restarting = Restarting(server, 3.0)
    losses = iter(range(hellos - 1))
    restarting.transport.there = lambda data: (
        [] if data[2] == Kind.HELLO and next(losses, None) is not None else [(0.01, data)]
    )
    target = Target(ADDRESS, ALICE, b"c" * 16, server.fingerprint)
    attempt(server, logins, target=target, transport=restarting.transport, password="brand new one")
    assert len(server.forms) == 2
    assert server.forms[0] == server.forms[1]
    assert len({data[16:32] for data in server.logins}) == 1
    assert len({data[68:100] for data in server.logins}) == 1


def test_a_server_that_goes_for_good_leaves_nobody_in_doubt(
    server: FakeServer, logins: Logins
) -> None:
    """After the patience it is said that an answer may be lost, which exits with 4."""
    restarting = Restarting(server, 1000.0)
    with pytest.raises(LostAnswerError, match="went away before it answered") as caught:
        attempt(server, logins, transport=restarting.transport)
    assert caught.value.exit_status == 4
    assert len(restarting.transport.sent) < 70


@pytest.mark.parametrize("kind", [Kind.HELLO, Kind.LOGIN])
def test_of_a_patience_a_log_in_asks_twenty_times(
    server: FakeServer, logins: Logins, kind: Kind
) -> None:
    """Where nine of ten are lost, as under a flood, one of them arrives; 24 are the most."""
    sent = 0

    def there(data: bytes) -> list[tuple[float, bytes]]:
        nonlocal sent
        sent += data[2] == kind
        return [(0.01, data)] if data[2] != kind or sent == 20 else []

    attempt(server, logins, transport=FakeTransport(server.clock, [server], there=there))
    sent = -1000
    with pytest.raises(UnreachableError):
        attempt(server, logins, transport=FakeTransport(server.clock, [server], there=there))
    assert 20 <= sent + 1000 <= 24


@pytest.mark.parametrize(("shift", "which"), [(-10_000_000, "ahead of"), (10_000_000, "behind")])
def test_clocks_that_differ_are_named(
    server: FakeServer, logins: Logins, shift: int, which: str
) -> None:
    """An offer of another time is refused before the credential is sealed."""
    server.not_before = START + shift
    with pytest.raises(ClocksDifferError, match=which):
        attempt(server, logins)
    assert Kind.LOGIN not in server.kinds


def test_a_clock_two_minutes_off_still_logs_in(server: FakeServer, logins: Logins) -> None:
    """As much as a request may be off is allowed to a login too."""
    server.not_before = START + 119_000
    attempt(server, logins)


def test_a_server_of_other_versions_is_named(server: FakeServer, logins: Logins) -> None:
    """Version 1 must be among what the signed statement offers."""
    server.versions = (2, 3)
    with pytest.raises(MalformedError, match="versions 2 to 3"):
        attempt(server, logins)
    assert Kind.LOGIN not in server.kinds


def test_nobody_there(server: FakeServer, logins: Logins) -> None:
    """No OFFER within six seconds is exit 4."""
    transport = FakeTransport(server.clock, [server], back=lambda _: [])
    with pytest.raises(UnreachableError, match="within 6 seconds"):
        attempt(server, logins, transport=transport)


def test_offers_and_grants_with_any_flipped_bit_are_ignored(
    server: FakeServer, logins: Logins
) -> None:
    """Beside the genuine datagram, changed copies of it change nothing."""

    def with_copies(data: bytes) -> list[tuple[float, bytes]]:
        copies = [
            bytes((*data[:at], data[at] ^ 1 << at % 8, *data[at + 1 :])) for at in range(len(data))
        ]
        return [*((0.001, copy) for copy in copies), (0.01, data)]

    transport = FakeTransport(server.clock, [server], back=with_copies)
    login = attempt(server, logins, transport=transport)
    assert login.kid == KID
    assert len(set(server.logins)) == 1


def test_a_captured_grant_is_nothing_to_the_next_login(server: FakeServer, logins: Logins) -> None:
    """It belongs to one LOGIN, even where id and reply key should be the same once more."""
    captured: list[bytes] = []

    def capture(data: bytes) -> list[tuple[float, bytes]]:
        captured.extend([data] if data[2] == Kind.GRANT else [])
        return [(0.01, data)]

    attempt(server, logins, transport=FakeTransport(server.clock, [server], back=capture))
    server.clock.monotonic = 0.0  # and chance begins anew as well
    server.refusals.append(ErrorCode.DENIED)
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda data: [*((0.001, grant) for grant in captured), (0.01, data)],
    )
    with pytest.raises(DeniedError):
        attempt(server, logins, transport=transport)
    assert len(captured) == 1
    assert len(set(server.logins)) == 2
    assert len({login[16:32] for login in server.logins}) == 1


def test_a_replayed_offer_gets_no_credential(server: FakeServer, logins: Logins) -> None:
    """A fresh OFFER in answer to a LOGIN must be of today and of the same identity too."""
    impostor, old = FakeServer(server.clock), FakeServer(server.clock, identity=server.identity)
    old.not_before = START - 86_400_000
    transport = FakeTransport(
        server.clock,
        [server],
        back=lambda data: (
            [
                (0.01, other.offer(parse_envelope(data).rid))
                for other in (impostor, old)
                if data[2] == Kind.GRANT
            ]
            + [(0.3, data)]
        ),
    )
    attempt(server, logins, transport=transport)
    assert len(set(server.logins)) == 1
