"""Operations on accounts and keys, and the copies of all data: backup and restore.

Rules: what accounts promise is their rows. A change is one transaction, so after a cut all tables
are as before it or as after it, and every token's root can still be derived, to the same bytes.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final

from diaryserver.errors import DataError
from diaryserver.maintenance.backup import back_up
from diaryserver.maintenance.databases import copy_database
from diaryserver.maintenance.restore import Keys, restore
from diaryserver.service.ports.accounts import Token, TokenChange, User
from protocol.identifiers import EntryId, Username
from tests.powercut.actors import Actor
from tests.powercut.checking import look
from tests.powercut.diarywork import DONE, Step
from tests.powercut.worlds import World
from tests.server.fakes import NOON, token_of
from tests.server.store_contract import ALICE, TODAY

HOUR: Final = 3_600_000
BACKUP: Final = "backup"
RESTORED: Final = "restored"


def observe_accounts(actor: Actor) -> Any:  # noqa: ANN401 - only ever compared
    """Give all rows of all tables, and each token's root.

    But for what they know of the ledger: a start brings that up to date, and a restore makes it
    another one. Whether that was right shows in the generations of days.
    """
    try:
        accounts = actor.data.accounts
    except DataError:
        return None
    with closing(copy_database(actor.folder / "accounts.sqlite3")) as copy:
        tables = [name for (name,) in copy.execute("SELECT name FROM sqlite_schema ORDER BY 1")]
        kinds = dict(copy.execute("SELECT name, type FROM sqlite_schema"))
        rows = tuple(
            (name, tuple(sorted(map(repr, copy.execute(f"SELECT * FROM {name}")))))  # noqa: S608
            for name in tables
            if kinds[name] == "table" and name != "ledger"
        )
    roots = tuple(sorted((each.kid, accounts.root(each)) for each in accounts.list_all_tokens()))
    return rows, roots


@dataclass(frozen=True, eq=False)
class Account(Step):
    """Something done to the accounts, told in words; `act` gets them, and the user by name."""

    words: str
    act: Callable[[Actor], object]

    def perform(self, actor: Actor) -> object:
        """As Operation."""
        return self.act(actor)


def add(name: Username) -> Account:
    """Create a user."""
    return Account("add", lambda actor: actor.data.accounts.add_user(name, NOON).uid)


def invite(name: Username = ALICE) -> Account:
    """Give an invite."""
    return Account(
        "invite", lambda actor: actor.data.accounts.invite(user_of(actor, name), NOON + HOUR)
    )


def log_in(number: int, invited: Account | None = None) -> Account:
    """Mint a token, by an invite or else by a password that was checked."""

    def act(actor: Actor) -> object:
        code = actor.outcomes.get(invited) if invited else b""
        if not isinstance(code, bytes):
            return False
        token = token_of(user_of(actor), number, actor.data.accounts.generation())
        return actor.data.accounts.mint(token, code, "hash" if code else "")

    return Account("log in", act)


def set_password() -> Account:
    """Let the operator set a password, which ends all tokens."""
    return Account(
        "set password",
        lambda actor: actor.data.accounts.set_password(
            user_of(actor), "another hash", NOON, keep=False
        ),
    )


def change_password(predecessor: int, successor: int) -> Account:
    """Let the user change the password, which ends all other tokens."""

    def act(actor: Actor) -> object:
        token = _successor(actor, predecessor, successor)
        actor.data.accounts.change_password(token, "third hash", keep=False)
        return DONE

    return Account("change password", act)


def renew(predecessor: int, successor: int) -> Account:
    """Replace a token by its successor."""

    def act(actor: Actor) -> object:
        actor.data.accounts.replace(_successor(actor, predecessor, successor))
        return DONE

    return Account("renew", act)


def use(number: int) -> Account:
    """Use a token for the first time."""

    def act(actor: Actor) -> object:
        token = actor.data.accounts.token(number.to_bytes(8, "big"))
        if token is not None:
            actor.data.accounts.mark_used(token, NOON)
        return DONE

    return Account("use", act)


def rotate() -> Account:
    """Make a new master key; the older ones end in an hour."""
    return Account("rotate", lambda actor: actor.data.accounts.rotate(NOON, NOON + HOUR))


@dataclass(frozen=True, eq=False)
class Sweep(Step):
    """Sweep two hours later: the old key, the first one, is destroyed with its tokens."""

    def perform(self, actor: Actor) -> object:
        """As housekeeping does."""
        actor.data.accounts.sweep(NOON + 2 * HOUR)
        return DONE

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002
        """Find nothing of the key: what is destroyed opens no recorded traffic any more."""
        key = actor.folder / "keys" / "master.1"
        return ["a destroyed key is there again"] if key.exists() and any(key.read_bytes()) else []


@dataclass(frozen=True, eq=False)
class Revoke(Step):
    """End a token's line."""

    number: int
    rid: EntryId

    def perform(self, actor: Actor) -> object:
        """Give how many lived."""
        user = user_of(actor)
        change = TokenChange(user.uid, self.rid, bytes(32), NOON)
        return actor.data.accounts.revoke(user, self.number.to_bytes(8, "big"), change)

    def repeat(self, actor: Actor, outcome: object) -> list[str]:
        """Give the same number."""
        again = self.perform(actor)
        return [] if again == outcome else [f"revoke, asked again, gives {again} and not {outcome}"]


@dataclass(frozen=True, eq=False)
class MintFurther(Step):
    """Begin a token by another one."""

    parent: int
    number: int
    rid: EntryId

    def perform(self, actor: Actor) -> object:
        """Give its key id, as a repetition of the request does."""
        user, accounts = user_of(actor), actor.data.accounts
        change = TokenChange(user.uid, self.rid, bytes(32), NOON)
        made = accounts.minted_by(change)
        if made is None:
            parent = accounts.token(self.parent.to_bytes(8, "big"))
            made = token_of(user, self.number, accounts.generation())
            if parent is not None:
                accounts.mint_further(made, parent, change)
        return made.kid

    def repeat(self, actor: Actor, outcome: object) -> list[str]:
        """Give the token that was made."""
        change = TokenChange(user_of(actor).uid, self.rid, bytes(32), NOON)
        made = actor.data.accounts.minted_by(change)
        return [] if made and made.kid == outcome else ["a token's request is not known any more"]


@dataclass(frozen=True, eq=False)
class Backup(Step):
    """Copy everything, beside the open data."""

    is_repeated = False

    def perform(self, actor: Actor) -> object:
        """As the command does, whose barrier waits for nobody here."""
        actor.data.day_files.settle()
        done = back_up(actor.folder, actor.root / BACKUP, lambda: None, NOON, with_keys=True)
        return len(done.sums)

    def inspect(self, actor: Actor) -> list[str]:
        """Refuse what is unfinished, or have all of it."""
        try:
            return self.repeat(actor, None)
        except DataError:
            return []

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002 - any is right
        """Restore it: it holds what the data hold."""
        _restore(actor, "proof")
        return _differences(actor, "proof")


@dataclass(frozen=True, eq=False)
class Restore(Step):
    """Put a backup back where no data are."""

    is_repeated = False

    def perform(self, actor: Actor) -> object:
        """As the command does."""
        _restore(actor, RESTORED)
        return DONE

    def inspect(self, actor: Actor) -> list[str]:
        """Find all of it or nothing, and restore again where there is nothing."""
        if not (actor.root / RESTORED).exists():
            _restore(actor, RESTORED)
        return _differences(actor, RESTORED)

    def repeat(self, actor: Actor, outcome: object) -> list[str]:  # noqa: ARG002 - any is right
        """Find all of it."""
        return _differences(actor, RESTORED)


class MoveIn(Step):
    """Put a backup in the place of all data, as on a new machine: each generation is new."""

    def perform(self, actor: Actor) -> object:
        """As the commands do."""
        back_up(actor.folder, actor.root / BACKUP, lambda: None, NOON, with_keys=True)
        shutil.rmtree(actor.folder)
        _restore(actor, actor.place)
        shutil.rmtree(actor.root / BACKUP)
        return DONE

    def after(self, world: World, outcome: object) -> list[World]:  # noqa: ARG002 - it is done
        """Have what there was."""
        return [world.followed((ALICE, TODAY))]


def _restore(actor: Actor, name: str) -> None:
    source = actor.root / BACKUP
    restore(source, actor.root / name, Keys(), os.urandom, NOON, accept=False)


def _differences(actor: Actor, name: str) -> list[str]:
    copied = Actor(actor.root, place=name)
    try:
        copied.start()
        is_same = _lines(copied) == _lines(actor)
        has_accounts = observe_accounts(copied) == observe_accounts(actor)
    except (DataError, OSError) as error:
        return [f"{name} cannot be used: {error}"]
    finally:
        copied.stop()
    said = [] if is_same else [f"{name} does not hold the diaries"]
    return said + ([] if has_accounts else [f"{name} does not hold the accounts"])


def _lines(actor: Actor) -> object:
    """Give all records; not the generations, which begin anew with a restore."""
    seen = look(actor)
    days = {key: found for key, (_, found) in seen.days.items()}
    return days, {rid: found for rid, (_, _, found) in seen.archives.items()}, seen.removed


def user_of(actor: Actor, name: Username = ALICE) -> User:
    """Give a user, who is there."""
    found = actor.data.accounts.find_user(name)
    assert found is not None
    return found


def _successor(actor: Actor, predecessor: int, number: int) -> Token:
    token = token_of(user_of(actor), number, actor.data.accounts.generation())
    before = predecessor.to_bytes(8, "big")
    return replace(token, predecessor=before, id=before)
