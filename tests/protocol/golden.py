"""Reads the golden vectors; they are checked in both directions by `test_golden`."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent.parent / "golden" / "v1"


def vectors(name: str) -> dict[str, Any]:
    """Give the vectors of one file, `{"hex": "..."}` turned into bytes."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text, object_hook=_bytes)  # type: ignore[no-any-return]


def all_vectors(kind: str) -> dict[str, Any]:
    """Give the vectors of `kind`, "requests" or "replies", out of all files `*kind.json`."""
    files = sorted(FOLDER.glob(f"*{kind}.json"))
    return {name: vector for file in files for name, vector in vectors(file.stem).items()}


def octets(vector: dict[str, Any], field: str) -> bytes:
    """Give a field that is written as plain hex."""
    return bytes.fromhex(vector[field])


def _bytes(found: dict[str, Any]) -> bytes | dict[str, Any]:
    return bytes.fromhex(found["hex"]) if found.keys() == {"hex"} else found
