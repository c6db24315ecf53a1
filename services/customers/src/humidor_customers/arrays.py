"""Arrays that analyses calculate with."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

_TAILS = (0.005, 0.995)
_Value = TypeVar("_Value", bound=Hashable)


def spread_of(features: Floats) -> tuple[Floats, Floats]:
    """Give the mean and deviation of each column without its tails, so that one absurd value moves neither.

    A column that does not vary has the deviation 1.
    """
    low, high = np.quantile(features, _TAILS, axis=0)
    kept = np.clip(features, low, high)
    deviation = kept.std(axis=0)
    return kept.mean(axis=0), np.where(deviation > 0, deviation, 1.0)


def rows_of(columns: Sequence[tuple[str, str]], count: int) -> npt.NDArray[Any]:
    """Give rows for the binary format of COPY: how many `fields` each has, and these after their lengths."""
    row = np.dtype(
        [("fields", ">i2"), *(part for name, of in columns for part in ((f"of_{name}", ">i4"), (name, of)))]
    )
    rows = np.empty(count, dtype=row)
    for name, _ in columns:
        rows[f"of_{name}"] = row[name].itemsize
    return rows


def cells(array: npt.NDArray[Any]) -> list[bytes]:
    """Give the bytes of each place of an array of one dimension."""
    found: list[bytes] = array.view(f"V{array.itemsize}").tolist()
    return found


def numbered(values: Iterable[_Value]) -> tuple[list[int], list[_Value]]:
    """Number values by their order of appearance: a, b, a are 0, 1, 0 and [a, b]."""
    numbers = _Numbers[_Value]()
    return [numbers[each] for each in values], list(numbers)


class _Numbers(dict[_Value, int]):
    def __missing__(self, value: _Value) -> int:
        self[value] = number = len(self)
        return number
