"""What an evaluation makes of what is recorded: days, prices, money."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeAlias

from humidor_forecasting.uplift.work import Money, MovedPrice, Role, StoreDays

Row: TypeAlias = Any
"""A row of the database, by the names of its columns."""

MOVED = 0.02
"""A price that lies by more than this share off what the promotion says has moved for another reason."""
MOST_MOVED = 200
BUSY_PRODUCTS = 8.0


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """A promotion as it is evaluated; stores or products None for all of them."""

    promotion_id: str
    version: int
    starts_on: date
    ends_on: date
    store_ids: list[str] | None
    holdout_store_ids: list[str]
    gtins: list[str] | None
    discount_percent: float | None
    price_per_pack: int | None
    currency: str | None
    spent_minor: int | None
    cancelled: bool


@dataclass(frozen=True)
class Span:
    """The days that are looked at: of the promotion's, those that are over."""

    first: date
    starts_on: date
    ends_on: date
    until: date

    @property
    def count(self) -> int:
        return (self.until - self.first).days + 1

    def place(self, day: date) -> int:
        return (day - self.first).days


def span_of(promoted: Promoted, until: date, before_days: int, after_days: int) -> Span:
    """Give the days before, during and after; `until` is the last whole day that is known."""
    last = min(until, promoted.ends_on + timedelta(days=after_days))
    first = promoted.starts_on - timedelta(days=before_days)
    return Span(first, promoted.starts_on, min(promoted.ends_on, last), last)


def refusal(promoted: Promoted, stores: Sequence[str], until: date | None) -> str | None:
    """Say why nothing can be told, before anything is read."""
    if promoted.cancelled:
        return "cancelled"
    if not stores or until is None:
        return "no-stores"
    return "in-future" if promoted.starts_on > until else None


def roles_of(treated: Sequence[str], holdout: Sequence[str], others: Sequence[str]) -> dict[str, Role]:
    """Say of each store whether it had the promotion, was drawn to go without, or merely had none."""
    roles: dict[str, Role] = dict.fromkeys(others, "other")
    roles |= dict.fromkeys(holdout, "holdout")
    return roles | dict.fromkeys(treated, "treated")


def only(promoted: Promoted, name: str, store_ids: Collection[str]) -> Promoted:
    """Give a promotion as if some of its stores alone had it, with their share of its cost.

    *Example*: of 90,000 spent on three stores a variant in one of them cost 30,000.
    """
    every = promoted.store_ids or []
    own = [each for each in every if each in store_ids]
    spent = promoted.spent_minor and round(promoted.spent_minor * len(own) / len(every))
    part_id = f"{promoted.promotion_id}/{name}"
    return replace(promoted, promotion_id=part_id, store_ids=own, spent_minor=spent)


def store_days(role: Role, row: Row, span: Span, outs: Sequence[tuple[date, date]]) -> StoreDays:
    """Spread what a store sold over all days; a busy store that sold nothing at all was shut."""
    spread = {name: [0.0] * span.count for name in ("promoted", "brand", "rest")}
    for name, values in spread.items():
        for place, sticks in zip(row["places"], row[name], strict=True):
            values[place] = sticks
    places, products = row["places"], row["products"]
    busy = bool(places) and sum(products) / len(places) >= BUSY_PRODUCTS
    trading = {place for place, count in zip(places, products, strict=True) if count}
    first = min(trading, default=0)
    closed = [place for place in range(first, span.count) if place not in trading] if busy else []
    return StoreDays(
        store_id=row["store_id"], role=role, **spread, sold_out=_out_places(span, outs), closed=closed
    )


def _out_places(span: Span, outs: Sequence[tuple[date, date]]) -> list[int]:
    found: set[int] = set()
    for first, last in outs:
        found.update(range(max(span.place(first), 0), min(span.place(last) + 1, span.count)))
    return sorted(found)


def before_start(rows: Sequence[StoreDays], span: Span) -> int:
    """Count the days before the first on which any of the stores sold anything: nothing was known then."""
    seen = [
        place
        for row in rows
        for place, sums in enumerate(zip(row.promoted, row.brand, row.rest, strict=True))
        if any(sums)
    ]
    return min([*seen, span.place(span.starts_on)])


def shorten(row: StoreDays, days: int) -> StoreDays:
    """Leave out the first days."""
    return StoreDays(
        store_id=row.store_id, role=row.role, promoted=row.promoted[days:], brand=row.brand[days:],
        rest=row.rest[days:], sold_out=[place - days for place in row.sold_out if place >= days],
        closed=[place - days for place in row.closed if place >= days],
    )  # fmt: skip


def moved_prices(promoted: Promoted, prices: Sequence[Row], roles: Mapping[str, Role]) -> list[MovedPrice]:
    """Name products and stores whose price moved otherwise than the promotion says, the largest first."""
    found = []
    for row in prices:
        role = roles[row["store_id"]]
        expected = _expected_price(promoted, row) if role == "treated" else row["before"]
        if row["before"] > 0 and abs(row["during"] - expected) > MOVED * row["before"]:
            found.append(
                MovedPrice(
                    store_id=row["store_id"], gtin=row["gtin"], role=role, before=row["before"],
                    during=row["during"], expected=expected, sticks=row["sticks"],
                )
            )  # fmt: skip
    return sorted(found, key=lambda each: (-each.sticks, each.store_id, each.gtin))[:MOST_MOVED]


def _expected_price(promoted: Promoted, row: Row) -> float:
    before: float = row["before"]
    if promoted.price_per_pack is not None and row["sticks_per_pack"]:
        return float(promoted.price_per_pack / row["sticks_per_pack"])
    return before * (1 - (promoted.discount_percent or 0.0) / 100)


def money_of(
    promoted: Promoted,
    prices: Sequence[Row],
    others: float | None,
    *,
    margin_percent: float | None,
    cost_minor: int | None,
) -> Money:
    """Give what was paid before and in it, by the goods that were sold in it; of treated stores' prices."""
    sticks = sum(row["sticks"] for row in prices)
    currencies = {row["currency"] for row in prices if row["currency"]} | (
        {promoted.currency} if promoted.currency else set()
    )
    one = len(currencies) == 1 and all(row["currencies"] <= 1 for row in prices)
    known = one and sticks > 0
    cost = cost_minor if cost_minor is not None else promoted.spent_minor
    return Money(
        regular=sum(row["before"] * row["sticks"] for row in prices) / sticks if known else None,
        promoted=sum(row["during"] * row["sticks"] for row in prices) / sticks if known else None,
        others=others if one else None,
        margin=margin_percent / 100 if margin_percent is not None else None,
        cost_minor=cost or 0,
        currency=currencies.pop() if one else None,
    )
