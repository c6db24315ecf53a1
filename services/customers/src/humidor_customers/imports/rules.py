"""How lists stand in one cell of a table."""

import json
import re
from collections.abc import Iterable

_BETWEEN = re.compile(r"[;；,，、|\n]+")


def split_list(text: str | None) -> list[str]:
    """Read `a; b`, `a、b` or the `["a","b"]` of an export; sorted, each once.

    A cell that looks like JSON and is none is read as text.
    """
    if text is None:
        return []
    parts: Iterable[object] = _BETWEEN.split(text)
    if text.lstrip().startswith("["):
        try:
            parts = json.loads(text)
        except ValueError:
            parts = _BETWEEN.split(text)
    return sorted({each.strip() for each in parts if isinstance(each, str) and each.strip()})


def join_list(parts: Iterable[str]) -> str | None:
    """Write a list into one cell as `split_list` reads it; None where it is empty."""
    return ";".join(sorted(set(parts))) or None
