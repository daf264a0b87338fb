"""msgpack, strictly: the subset of types that a body may hold, and bounds on all of them.

Rules: no extension types (the timestamp, type -1, bypasses `ext_hook`, so types are checked once
more afterwards), no floats, no duplicate or non-text keys, nesting of at most 4, one value and
nothing after it. Lengths need no further bound in a body of at most 1106 bytes. In what came in
parts they do: a list's header makes room before its values are there (msgpack-python #97).
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgpack

from protocol.envelope import MAX_PLAINTEXT
from protocol.errors import MalformedError

Packable: TypeAlias = (
    "bool | int | str | bytes | Sequence[Packable] | Mapping[str, Packable] | None"
)

MAX_DEPTH: Final = 4
"""Of maps and lists: a map of a list of rows is 3; one spare. Deeper has no use, costs stack."""

MAX_LONG_FIELDS: Final = 16
"""Of a request that came in parts; `amend` has 7, its name included."""

_NO_LIMIT: Final = -1
"""But for the bytes that are there, which is what msgpack means by it."""

_SCALARS: Final = frozenset({bool, int, str, bytes, type(None)})


def pack(value: Mapping[str, Packable]) -> bytes:
    """Pack a map; raise MalformedError for a lone surrogate. The seal bounds its size."""
    try:
        packed: bytes = msgpack.packb(dict(value))
    except UnicodeEncodeError:
        raise MalformedError("a lone surrogate is no text") from None
    return packed


def unpack(data: bytes) -> dict[str, object]:
    """Read exactly one map; raise MalformedError for anything else."""
    if len(data) > MAX_PLAINTEXT:
        raise MalformedError("more bytes than a body holds")
    return _unpack(data, _NO_LIMIT, _NO_LIMIT)


def unpack_long(data: bytes) -> dict[str, object]:
    """Read what came in parts: the same, but without lists, and with few fields."""
    return _unpack(data, MAX_LONG_FIELDS, 0)


def _unpack(data: bytes, longest_map: int, longest_list: int) -> dict[str, object]:
    try:
        value = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            object_pairs_hook=_unique_text_keys,
            ext_hook=_no_extension,
            max_map_len=longest_map,
            max_array_len=longest_list,
        )
    except (ValueError, TypeError, msgpack.UnpackException):
        raise MalformedError("not strict msgpack") from None
    if not isinstance(value, dict):
        raise MalformedError("not a msgpack map")
    for item in value.values():
        if type(item) not in _SCALARS:  # most maps are flat
            _check(item, depth=2)
    return value


def _unique_text_keys(pairs: list[tuple[object, object]]) -> dict[object, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("keys are there once")
    for key in mapping:
        if type(key) is not str:
            raise ValueError("keys are texts")
    return mapping


def _no_extension(code: int, data: bytes) -> object:
    raise ValueError(f"extension type {code} of {len(data)} bytes")


def _check(value: object, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise MalformedError("nested too deeply")
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1)
    elif type(value) not in _SCALARS:
        raise MalformedError("a type that no message has")
