"""Names that a package offers without importing the modules in which they stand.

    __getattr__ = find_lazily(__name__, __all__, ("package.cheap", "package.dear"))

Rules: who asks for one name pays for the modules up to the one that has it, so cheap ones and those
that others need come first. A type checker sees ordinary imports, below `if TYPE_CHECKING`.
"""

from collections.abc import Callable, Collection, Sequence
from importlib import import_module


def find_lazily(
    package: str, names: Collection[str], homes: Sequence[str]
) -> Callable[[str], object]:
    """Give a package's `__getattr__` (PEP 562): `homes` are looked through in their order."""

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(
            next(home for home in map(import_module, homes) if hasattr(home, name)), name
        )

    return find
