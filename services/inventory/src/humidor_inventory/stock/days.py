"""What a day did to one product in one store: how movements add up by the store's calendar, also in SQL."""

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


OF_SALES = ("sale", "return", "void")
"""The reasons of entries that a sales document of that kind made; it says on which day they are counted."""

_OF_FLOWS = (*OF_SALES, "receipt", "opening", "transfer_in", "transfer_out", "delivery", "write_off")
_GONE = "((m->>2)::bigint + (m->>3)::bigint)"


def among(reasons: tuple[str, ...]) -> str:
    return f"reason IN ({', '.join(map(repr, reasons))})"


def sums_of_entries(sign: int | str = 1) -> Mapping[str, str]:
    """Give the sum of ledger entries for each column of `daily_flows`, but for money; `sign` is SQL."""

    def entered(where: str, way: str = "") -> str:
        return f"{way}coalesce(sum({sign} * delta_sticks) FILTER (WHERE {where}), 0)::bigint"

    return {
        "sold_sticks": entered(among(("sale", "void")), "-"),
        "returned_sticks": entered(among(("return",))),
        "quarantined_sticks": entered("bucket = 'quarantined'"),
        "received_sticks": entered(among(("receipt",))),
        "opened_sticks": entered(among(("opening",))),
        "transferred_in_sticks": entered(among(("transfer_in",))),
        "transferred_out_sticks": entered(among(("transfer_out", "delivery")), "-"),
        "written_off_sticks": entered(among(("write_off",)), "-"),
        "adjusted_sticks": entered(f"NOT {among(_OF_FLOWS)}"),
    }


def sums_of_moves(sign: int | str = 1) -> Mapping[str, str]:
    """Give the sum of moves m of sales documents of a `kind` for each column that sales change."""

    def moved(what: str, where: str, way: str = "") -> str:
        return f"{way}coalesce(sum({sign} * {what}) FILTER (WHERE {where}), 0)::bigint"

    return {
        "sold_sticks": moved(_GONE, "kind <> 'return'", "-"),
        "returned_sticks": moved(_GONE, "kind = 'return'"),
        "quarantined_sticks": moved("(m->>3)::bigint", "true"),
        "revenue_minor": moved("(m->>4)::bigint", "true"),
        "unpriced_sticks": moved(_GONE, "m->>4 IS NULL", "-"),
    }


def named(sums: Mapping[str, str]) -> str:
    return ", ".join(f"{what} AS {name}" for name, what in sums.items())
