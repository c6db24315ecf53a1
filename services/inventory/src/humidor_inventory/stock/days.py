"""What a day did to one product in one store: how movements add up by the store's own calendar."""

from collections.abc import Mapping
from typing import TypeAlias

Flow: TypeAlias = list[int]
"""One number for each of `COLUMNS`, in their order."""

COLUMNS = (
    "sold_sticks",
    "returned_sticks",
    "quarantined_sticks",
    "revenue_minor",
    "unpriced_sticks",
    "received_sticks",
    "opened_sticks",
    "transferred_in_sticks",
    "transferred_out_sticks",
    "written_off_sticks",
    "adjusted_sticks",
)
"""The columns of `daily_flows`; those that sales alone change come first.

A change of what the store owns (on hand and in quarantine) is in exactly one of them: sold (less what was
voided), returned, received, opened (stock at the start), transferred in or out (to another store, or by an
order to a trade customer), written off, or adjusted (corrections by hand and by stocktakes). `quarantined` is
how much of the change is in quarantine; `unpriced` how much of sold less returned has no price that is known.
"""
SALES_COLUMNS = 5
_SOLD, _RETURNED, _QUARANTINED, _REVENUE, _UNPRICED, _RECEIVED, _OPENED, _IN, _OUT, _OFF, _ADJUSTED = range(
    len(COLUMNS)
)
_EFFECTS: Mapping[str, tuple[int, int]] = {
    "sale": (_SOLD, -1),
    "void": (_SOLD, -1),
    "return": (_RETURNED, 1),
    "receipt": (_RECEIVED, 1),
    "opening": (_OPENED, 1),
    "transfer_in": (_IN, 1),
    "transfer_out": (_OUT, -1),
    "delivery": (_OUT, -1),
    "write_off": (_OFF, -1),
}
# Adjustments, and what moves nothing in sum: splits, merges, settled shortfalls, into and out of quarantine.
_OTHER = (_ADJUSTED, 1)


def no_flow() -> Flow:
    return [0] * len(COLUMNS)


def move(flow: Flow, reason: str, bucket: str, delta_sticks: int) -> None:
    """Add a ledger entry; (-40, sale) makes 40 sold."""
    column, sign = _EFFECTS.get(reason, _OTHER)
    flow[column] += sign * delta_sticks
    if bucket == "quarantined":
        flow[_QUARANTINED] += delta_sticks


def earn(flow: Flow, revenue_minor: int | None, gone_sticks: int) -> None:
    """Add what `gone_sticks` were sold for (returned: both negative); None where nobody knows."""
    if revenue_minor is None:
        flow[_UNPRICED] += gone_sticks
    else:
        flow[_REVENUE] += revenue_minor
