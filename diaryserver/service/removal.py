"""Removing an account: whoever asks for it, operator or user, in one order."""

from collections.abc import Callable

from diaryserver.service.ports.accounts import AccountStore, User
from protocol.identifiers import Username


def remove_account(
    accounts: AccountStore, retire: Callable[[Username, bytes], str], user: User, now: int
) -> str:
    """Remove a user, set the diary aside, and give its new place; "" if there was none.

    Called by the accounts' one thread, all of it at once: first nobody may write any more, then
    the diary moves, and nobody gets the name in between. `retire` is the entry store's, called on
    its own thread.
    """
    accounts.remove_user(user, now)
    return retire(user.name, user.uid)
