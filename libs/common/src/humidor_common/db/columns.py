"""Turns rows into the columns that `unnest` takes."""

from collections.abc import Sequence
from typing import Any


def columns_of(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
