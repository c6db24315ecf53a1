"""Turns what a sweep reads into findings, by the rules of each store and product."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.alerts.reporting import Finding
from humidor_inventory.alerts.rules import AlertKind, Rule, Scope, Severity, Shelf, dead, rule_for, terms_of
from humidor_inventory.alerts.sweep_queries import load_last_sale_days
from humidor_inventory.turnover.demand import Demand, Pair, daily_demand

Rules = Mapping[Scope, Rule]
Figures = dict[str, Any]
_Place = tuple[str, str, str, date]


async def sold_out(conn: Connection, rows: Sequence[Any], rules: Rules) -> list[Finding]:
    """Find what is missed: a level is set for it, or it was sold within the window."""
    places = [(row["store_id"], row["brand"], row["gtin"], row["today"]) for row in rows]
    demand = await _demands(conn, AlertKind.STOCK_OUT, places, rules)
    found = []
    for row in rows:
        known = demand.get((row["store_id"], row["gtin"]))
        if row["ranged"] or (known and known.last_sale_day):
            names = ("on_hand_sticks", "reserved_sticks", "on_order_sticks")
            severity: Severity = "critical" if row["ranged"] else "warning"
            figures = {name: row[name] for name in names}
            found.append(_finding(AlertKind.STOCK_OUT, row, figures, severity=severity))
    return found


def negative(row: Any) -> Finding:
    """Say that more was sold than the books hold."""
    return _finding(
        AlertKind.NEGATIVE, row, {name: row[name] for name in ("on_hand_sticks", "shortfall_sticks")}
    )


async def by_demand(
    conn: Connection,
    kind: AlertKind,
    shelves: Sequence[Shelf],
    rules: Rules,
    judge: Callable[[Shelf, float, int], Figures | None],
) -> list[Finding]:
    """Judge each shelf by its mean demand and the threshold of its rule."""
    demand = await _demands(conn, kind, map(_place, shelves), rules)
    found = []
    for shelf in shelves:
        known = demand.get((shelf.store_id, shelf.gtin))
        threshold, _ = terms_of(kind, rule_for(rules, kind, _place(shelf)[:3]))
        figures = judge(shelf, known.mean_sticks if known else 0.0, threshold)
        if figures:
            found.append(_shelf_finding(kind, shelf, figures))
    return found


async def dead_stock(conn: Connection, shelves: Sequence[Shelf], rules: Rules) -> list[Finding]:
    """Find what nobody has bought within the days of its rule."""
    kind = AlertKind.DEAD_STOCK
    demand = await _demands(conn, kind, map(_place, shelves), rules, until_today=True)
    unsold = [
        shelf
        for shelf in shelves
        if (known := demand.get((shelf.store_id, shelf.gtin))) is None or known.last_sale_day is None
    ]
    last_days = await load_last_sale_days(conn, [(shelf.store_id, shelf.gtin) for shelf in unsold])
    found = []
    for shelf in unsold:
        after, _ = terms_of(kind, rule_for(rules, kind, _place(shelf)[:3]))
        figures = dead(shelf, last_days.get((shelf.store_id, shelf.gtin)), after)
        if figures:
            found.append(_shelf_finding(kind, shelf, figures))
    return found


def expiry(row: Any, rules: Rules) -> Finding | None:
    """Say that a lot has expired, or will within the days of the alert's rule, else of the freshness rule."""
    figures = {name: row[name] for name in ("on_hand_sticks", "expiry_date", "held")}
    if row["days_left"] < 0:
        return _finding(AlertKind.EXPIRED, row, figures, severity="critical")
    rule = rule_for(rules, AlertKind.EXPIRING, (row["store_id"], row["brand"], row["gtin"]))
    within = rule.threshold_days if rule and rule.threshold_days is not None else row["expiring_within_days"]
    if row["days_left"] > within:
        return None
    return _finding(AlertKind.EXPIRING, row, figures | {"limit_days": within})


async def _demands(
    conn: Connection, kind: AlertKind, places: Iterable[_Place], rules: Rules, *, until_today: bool = False
) -> dict[Pair, Demand]:
    """Read demand before each store's today, over the window (else the threshold) that each rule gives."""
    asked: dict[tuple[date, int], set[Pair]] = {}
    for store_id, brand, gtin, today in places:
        threshold, window = terms_of(kind, rule_for(rules, kind, (store_id, brand, gtin)))
        asked.setdefault((today, window or threshold), set()).add((store_id, gtin))
    found: dict[Pair, Demand] = {}
    for (today, days), pairs in asked.items():
        until = today if until_today else today - timedelta(days=1)
        stores = {store_id for store_id, _ in pairs}
        demand = await daily_demand(conn, stores, since=today - timedelta(days=days), until=until)
        found.update((pair, demand[pair]) for pair in pairs if pair in demand)
    return found


def _place(shelf: Shelf) -> _Place:
    return shelf.store_id, shelf.brand, shelf.gtin, shelf.today


def _shelf_finding(kind: AlertKind, shelf: Shelf, figures: Figures) -> Finding:
    return _finding(
        kind, {"store_id": shelf.store_id, "gtin": shelf.gtin}, figures, severity=_severity(figures)
    )


def _severity(figures: Figures) -> Severity:
    """What runs out with an order on its way is for information: nobody has to order it."""
    return "info" if figures.get("on_order_sticks") else "warning"


def _finding(kind: AlertKind, row: Any, figures: Figures, *, severity: Severity = "warning") -> Finding:
    lot = row.get("lot")
    return Finding(
        kind=kind,
        store_id=row["store_id"],
        subject=row["gtin"] if lot is None else f"{row['gtin']}/{lot}",
        gtin=row["gtin"],
        lot=lot,
        severity=severity,
        figures=figures,
    )
