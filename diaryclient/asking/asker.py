"""Asks a server under one login: ids, repeated questions, the clock's correction, plain words.

Rules: the server's name is looked up at the first question only, after the entry is on the disk.
BADTIME is answered by asking again under the same id with the server's time, twice at most.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from diaryclient.asking.exchange import PATIENCE, Chance, RequestExchange
from diaryclient.asking.session import Session
from diaryclient.clock import Clock, Instant
from diaryclient.errors import LoginFileError
from diaryclient.home.logins import Login, Logins
from diaryclient.home.outbox import LOGIN_REFUSALS
from diaryclient.screen.display import safe_line
from protocol.errors import BadTimeError, RefusedError, ScopeError, StorageError, TokenRevokedError
from protocol.identifiers import EntryId
from protocol.keys import derive_token_keys
from protocol.messages.base import MAX_SKEW_MILLISECONDS, Reply, Request, TextRequest
from protocol.messages.writing import MAX_TEXT_BYTES

if TYPE_CHECKING:
    from diaryclient.asking.parting import Upload
    from protocol.messages.parts import Part

_MOST_CORRECTIONS: Final = 2
_SURELY_REFUSED: Final = MAX_SKEW_MILLISECONDS + 60_000
"""Ms between the clocks at which no attempt passed, even if it took a minute to arrive."""

Told: TypeAlias = Callable[[int, int], None]
"""Is told how much of how much has come or gone, in units that only their ratio gives a meaning."""

_Answer = TypeVar("_Answer", bound=Reply)
_Asked = TypeVar("_Asked", bound=Request)


class Asker:
    """One login's questions; `login` carries the clock's offset as it is known now.

    `is_renewal_due` says that an answer has hinted so. `told` is told how far something long is.
    """

    def __init__(
        self,
        login: Login,
        logins: Logins,
        connect: Callable[[], Session],
        clock: Clock,
        chance: Chance,
    ) -> None:
        """Ask through the session that `connect` gives when it is first needed."""
        self.login = login
        self.logins = logins
        self.clock = clock
        self.chance = chance
        self.is_renewal_due = False
        self.told: Told = _tell_nobody
        self._connect = connect
        self._session: Session | None = None
        self._keys = derive_token_keys(login.root, login.kid)

    def close(self) -> None:
        """Close the session, if there is one."""
        if self._session:
            self._session.close()

    def connected(self) -> Session:
        """Give the session; raise UnknownHostError or UnreachableError if there can be none."""
        if self._session is None:
            self._session = self._connect()
        return self._session

    def adopt(self, login: Login) -> None:
        """Ask with another token of the same user and server from now on."""
        self.login = login
        self._keys = derive_token_keys(login.root, login.kid)
        self.is_renewal_due = False

    def take_newer(self) -> None:
        """Use the token that another process has put into this one's place, if there is one."""
        if not self.login.is_stored:
            return
        with suppress(LoginFileError):  # the server says what the one in use is worth
            stored = self.logins.current(self.login.name)
            if stored and stored.kid != self.login.kid:
                self.adopt(stored)

    def now(self) -> Instant:
        """Give the time, the wall's corrected by the offset to the server."""
        instant = self.clock.instant()
        return instant._replace(wall=instant.wall + self.login.offset)

    def new_id(self) -> EntryId:
        """Give a fresh id."""
        return EntryId.make(self.now().wall, self.chance(10))

    def ask(
        self,
        request: Request,
        answer: type[_Answer],
        *,
        rid: EntryId | None = None,
        patience: float = PATIENCE,
        corrected: Callable[[int], Request] | None = None,
    ) -> _Answer:
        """Give the answer, of the type that belongs to the request.

        Raise the server's RefusedError, UnknownHostError, UnreachableError, or NotLoggedInError if
        the server does not know the token. After a BADTIME the request is `corrected` by ms, but
        not if an attempt that was not answered may have been accepted all the same. A request that
        no datagram holds goes in parts, and `patience` is how long it may make no progress.
        """
        rid = rid or self.new_id()
        if _is_long(request):
            whole = self._ask_in_parts(request, rid, patience, corrected)
            return _checked(whole, request, answer)
        return _typed(self._settle(request, rid, patience, corrected), answer)

    def _ask_in_parts(
        self,
        request: Request,
        rid: EntryId,
        patience: float,
        corrected: Callable[[int], Request] | None,
    ) -> Reply:
        from diaryclient.asking.parting import MOST_ROUNDS, Upload  # noqa: PLC0415 - most texts are short
        from protocol.messages.parts import Received  # noqa: PLC0415 - as above

        upload = Upload(request, rid)

        def correct(change: int) -> "Part":
            return upload.begin(corrected(change)) if corrected else upload.first

        self.told(*upload.progress)
        upload.take(self.ask(upload.first, Received, patience=patience, corrected=correct))
        for _ in range(MOST_ROUNDS):
            if not upload.answer:
                self._send_round(upload, patience)
        self.told(*upload.progress)
        if upload.answer is None:
            raise StorageError("the server does not keep what it is sent in parts")
        return upload.answer

    def _send_round(self, upload: "Upload", patience: float) -> None:
        from protocol.messages.parts import Received  # noqa: PLC0415 - as above

        for _, answer in self.ask_many(upload.round(), Received, patience=patience):
            if isinstance(answer, RefusedError):
                raise answer
            upload.take(answer)
            if upload.answer:
                return
            self.told(*upload.progress)

    def ask_last(
        self, request: Request, answer: type[_Answer], patience: float = PATIENCE
    ) -> _Answer | None:
        """Ask for what ends the token itself; raise as `ask`.

        None: a repetition was answered by REVOKED, so it is done and only its answer was lost.
        """
        exchange = self._settle(request, self.new_id(), patience)
        if isinstance(exchange.failure, TokenRevokedError) and exchange.attempts > 1:
            return None
        return _typed(exchange, answer)

    def _settle(
        self,
        request: Request,
        rid: EntryId,
        patience: float,
        corrected: Callable[[int], Request] | None = None,
    ) -> RequestExchange:
        for _ in range(_MOST_CORRECTIONS):
            exchange = self._ask_once(request, rid, patience)
            if not isinstance(exchange.failure, BadTimeError):
                return exchange
            server_time = exchange.failure.server_time
            ahead = server_time - exchange.sent.wall - self.login.offset
            change = self._correct(server_time)
            if corrected and (exchange.attempts == 1 or abs(ahead) > _SURELY_REFUSED):
                request = corrected(change)
        return self._ask_once(request, rid, patience)

    def ask_timed(self, request: Request, answer: type[_Answer]) -> tuple[_Answer, RequestExchange]:
        """Ask twice; give the second answer and its exchange, which knows how long it took."""
        self.ask(request, answer)
        exchange = self._ask_once(request, self.new_id(), PATIENCE)
        return _typed(exchange, answer), exchange

    def ask_many(
        self, requests: Iterable[_Asked], answer: type[_Answer], *, patience: float = PATIENCE
    ) -> Iterator[tuple[_Asked, _Answer | RefusedError]]:
        """Give requests with their answers as they come, several in flight.

        A refusal is given, not raised; else raise as `ask`.
        """
        asked: dict[EntryId, _Asked] = {}

        def begin(request: _Asked) -> RequestExchange:
            rid = self.new_id()
            asked[rid] = request
            return self._exchange(request, rid, patience, self.clock.instant().monotonic)

        for exchange in self.connected().run(map(begin, requests)):
            request = asked.pop(exchange.rid)
            self.is_renewal_due |= exchange.hints_renewal
            if isinstance(exchange.failure, BadTimeError):
                yield request, self.ask(request, answer)
            elif isinstance(exchange.failure, RefusedError):
                yield request, self.explained(exchange.failure)
            else:
                yield request, _typed(exchange, answer)

    def _ask_once(self, request: Request, rid: EntryId, patience: float) -> RequestExchange:
        # The look-up of the name is part of what a person waits for.
        began = self.clock.instant().monotonic
        session = self.connected()
        exchange = self._exchange(request, rid, patience, began)
        for _ in session.run([exchange]):
            pass
        self.is_renewal_due |= exchange.hints_renewal
        if isinstance(exchange.failure, RefusedError):
            exchange.failure = self.explained(exchange.failure)
        return exchange

    def _exchange(
        self, request: Request, rid: EntryId, patience: float, began: float
    ) -> RequestExchange:
        return RequestExchange(
            self.login,
            self._keys,
            request,
            rid,
            round_trip=self.connected().round_trip,
            chance=self.chance,
            began=began,
            patience=patience,
        )

    def _correct(self, server_time: int) -> int:
        offset = server_time - self.clock.instant().wall
        if abs(offset) < MAX_SKEW_MILLISECONDS // 2:
            offset = 0  # the machine's clock is right again
        change = offset - self.login.offset
        self.login = self.login._replace(offset=offset)
        with suppress(OSError):  # only a short cut: the next process would find it out itself
            self.logins.remember_offset(self.login, offset)
        return change

    def explained(self, error: RefusedError) -> RefusedError:
        """Give a refusal that can be shown, and that says what to type if the login is to blame."""
        reason = safe_line(str(error))
        if isinstance(error, ScopeError):
            reason = f"{reason}: its scope is {self.login.scopes}"
        if error.code in LOGIN_REFUSALS:
            reason = f"{reason}; {self.login.way_out}"
        return type(error)(reason, error.server_time)


def _typed(exchange: RequestExchange, answer: type[_Answer]) -> _Answer:
    return _checked(exchange.result(), exchange.request, answer)


def _checked(result: Reply, request: Request, answer: type[_Answer]) -> _Answer:
    if not isinstance(result, answer):
        raise TypeError(f"{type(request).__name__} is not answered by {answer.__name__}")
    return result


def _is_long(request: Request) -> bool:
    return isinstance(request, TextRequest) and len(request.text.encode()) > MAX_TEXT_BYTES


def _tell_nobody(done: int, total: int) -> None:
    """Tell nobody how far it is."""
