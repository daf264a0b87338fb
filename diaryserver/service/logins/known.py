"""The networks that log-ins came from lately: theirs are answered apart from the crowd's.

Rules: in memory only, since the disk keeps no address of a log-in; bounded, the least recent is
forgotten first; a network is known by a GRANT, or by a valid cookie where the trusted places say
that one was given there before. Whoever is known is believed nothing: only their turn is another.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

MAX_KNOWN: Final = 256
"""The kernel compares each datagram of a log-in with all of them, in some 100 ns."""

Watcher: TypeAlias = Callable[[Sequence[str]], None]


class KnownNetworks:
    """Networks as `throttle.network_of` gives them."""

    def __init__(self) -> None:
        """Know none."""
        self._networks: dict[str, None] = {}
        self._watchers: list[Watcher] = []

    def __contains__(self, network: str) -> bool:
        """Tell whether a network is known."""
        return network in self._networks

    def note(self, network: str) -> None:
        """Know a network from now on, and tell the watchers if it is new."""
        is_new = network not in self._networks
        self._networks.pop(network, None)
        self._networks[network] = None  # the last one of the dictionary is the most recent
        if not is_new:
            return
        if len(self._networks) > MAX_KNOWN:
            del self._networks[next(iter(self._networks))]
        for watcher in self._watchers:
            watcher(list(self._networks))

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with all of them whenever there is a new one."""
        self._watchers.append(watcher)
