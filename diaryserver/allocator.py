"""How the C library's allocator keeps memory: one heap, and what is free in it goes back.

Left alone, glibc gives each thread a heap of its own and keeps what was freed at its end: 76 MiB
after two threads hashed passwords, though nobody logs in any more. Pages of their own for each hash
would go back at once, but making them anew adds a third to its 27 ms. Other C libraries have
neither function; there nothing happens.
"""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of <malloc.h>."""


def use_one_heap() -> None:
    """Have all threads share one heap; to be called before the first of them starts."""
    _call("mallopt", _ARENA_MAX, 1)


def give_back() -> None:
    """Give what is free to the kernel, any thread; a few ms of work, without Python's lock."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
