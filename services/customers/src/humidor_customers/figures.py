"""Documents of figures as tables: each figure by its place."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A figure by its place: a number (a truth is 1 or 0), a text, or neither where there is none."""

    name: str
    number: float | None
    text: str | None


def figures_of(document: Any) -> list[Figure]:
    """Give every figure of a document, in its order."""
    return [
        Figure(
            name,
            float(value) if isinstance(value, int | float) else None,
            value if isinstance(value, str) else None,
        )
        for name, value in flatten(document)
    ]


def flatten(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give every value of a document by its place, so that a table holds them.

    `{"lift": [{"tenth": 1, "lift": 2.5}], "auc": None}` gives `lift.1.tenth`, `lift.1.lift` and `auc`.
    """
    if isinstance(value, Mapping):
        parts: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value, 1)
    else:
        yield name, value
        return
    for key, part in parts:
        yield from flatten(part, f"{name}.{key}" if name else str(key))
