"""What each of many stores' products needs, all at once: as `replenishment.rules` says one by one."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Sticks = npt.NDArray[np.int64]
NO_CAP = 2**62


class Series(NamedTuple):
    """Columns over stores and products, in sticks.

    `cap_left` is NO_CAP where there is no supply cap. `in_hand` is on hand less reserved less what is planned
    to leave, `available` counts what is on its way in as well.
    """

    in_hand: Sticks
    available: Sticks
    reorder_point: Sticks
    order_up_to: Sticks
    multiple: Sticks
    minimum: Sticks
    cap_left: Sticks
    due: npt.NDArray[np.bool_]


class Needs(NamedTuple):
    """What is lacking in whole multiples, what of it the cap lets through, what can be spared."""

    needed: Sticks
    allowed: Sticks
    spare: Sticks


def find_needs(series: Series) -> Needs:
    """At or below the reorder point, ceil(max(up_to - available, minimum) / multiple) multiple under the cap.

    A store can spare what it has in hand and available above its order-up-to level.
    """
    low = series.due & (series.available <= series.reorder_point)
    lacking = np.maximum(series.order_up_to - series.available, series.minimum)
    needed = np.where(low, -(-lacking // series.multiple) * series.multiple, 0)
    left = np.maximum(series.cap_left, 0) // series.multiple * series.multiple
    allowed = np.minimum(needed, left)
    allowed = np.where(allowed < series.minimum, 0, allowed)
    spare = np.maximum(np.minimum(series.in_hand, series.available) - series.order_up_to, 0)
    return Needs(needed, allowed, np.where(needed > 0, 0, spare))


def columns(rows: list[Any], *names: str) -> list[Sticks]:
    """Turn named columns of rows into arrays."""
    return [np.fromiter((row[name] for row in rows), np.int64, len(rows)) for name in names]
