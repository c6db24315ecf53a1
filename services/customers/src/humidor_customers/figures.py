"""Documents of figures as tables: each figure by its place."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel


class Figure(NamedTuple):
    """A figure by its place: a number (a truth is 1 or 0), a text, or neither where there is none."""

    name: str
    number: float | None
    text: str | None


class FigureRow(BaseModel):
    """One figure of several documents: the part that it is of, its place in it, and its value.

    Lists count from 1: `lift.1.lift` is the lift of the first tenth. A truth is the number 1 or 0.
    """

    part: str
    name: str
    number: float | None
    text: str | None


def rows_of(parts: Mapping[str, Any]) -> list[FigureRow]:
    """Give every figure of named documents as a table; None stands for a document that is not there."""
    return [
        FigureRow(part=part, **each._asdict())
        for part, document in parts.items()
        for each in figures_of(document or {})
    ]


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
