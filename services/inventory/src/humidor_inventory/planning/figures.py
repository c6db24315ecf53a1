"""The first step of a plan: what each store's products need, read and calculated by columns."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from humidor_common.db.pool import Connection
from humidor_inventory.planning import queries
from humidor_inventory.planning.reference import Product, Terms, load_planned
from humidor_inventory.planning.rules.calendar import review_due
from humidor_inventory.planning.rules.needs import NO_CAP, Needs, Series, columns, find_needs
from humidor_inventory.planning.terms import Line, Plan

Pair = tuple[str, str]
Known: TypeAlias = tuple[dict[int, int], set[Pair], dict[Pair, tuple[int, int]]]
"""What was ordered under caps by row, which suggestions were refused, what is planned to come and leave."""


class Reading(NamedTuple):
    """The stores of a piece, and what decides which of their products become lines."""

    stores: Sequence[str]
    warehouses: Collection[str]
    donors: Collection[str]
    products: dict[str, Product]
    cycles: dict[str, Terms]


async def read_lines(conn: Connection, plan: Plan, reading: Reading, now: datetime) -> tuple[list[Line], int]:
    """Read the stores' positions and levels; give a line for each product that lacks or can be spared.

    Also says how many series were looked at.
    """
    rows = await _rows(conn, reading)
    ordered = await _ordered_under_cap(conn, rows, now)
    refused = {(row[0], row[1]) for row in await conn.fetch(queries.REFUSED, list(reading.stores))}
    moving = await load_planned(conn, reading.stores)
    known = (ordered, refused, moving)
    return await asyncio.to_thread(_lines, plan, rows, known, reading), len(rows)


def _lines(plan: Plan, rows: list[Any], known: Known, reading: Reading) -> list[Line]:
    series = _series(plan, rows, known)
    needs = find_needs(series)
    chosen = _chosen(rows, series, needs, reading)
    return [_line(rows[i], i, (series, needs, known[0]), reading) for i in chosen]


async def _rows(conn: Connection, reading: Reading) -> list[Any]:
    rows = await conn.fetch(queries.SERIES, list(reading.stores))
    bare = sorted(set(reading.warehouses) & set(reading.donors))
    if bare:
        levelled = {(row["store_id"], row["gtin"]) for row in rows}
        more = await conn.fetch(queries.UNLEVELLED, bare)
        rows += [row for row in more if (row["store_id"], row["gtin"]) not in levelled]
    return [row for row in rows if row["gtin"] in reading.products]


async def _ordered_under_cap(conn: Connection, rows: Sequence[Any], now: datetime) -> dict[int, int]:
    """What was ordered in the period of its cap, by the number of the row."""
    capped = [i for i, row in enumerate(rows) if row["supply_cap_sticks"] is not None and row["cap_days"]]
    if not capped:
        return {}
    keys = [(rows[i]["store_id"], rows[i]["gtin"], rows[i]["cap_days"]) for i in capped]
    return {capped[n - 1]: ordered or 0 for n, ordered in await conn.fetch(queries.CAPPED, keys, now)}


def _series(plan: Plan, rows: list[Any], known: Known) -> Series:
    ordered, refused, moving = known
    on_hand, reserved, on_order, point, up_to, multiple, minimum = columns(
        rows,
        "on_hand",
        "reserved",
        "on_order",
        "reorder_point_sticks",
        "order_up_to_sticks",
        "order_multiple_sticks",
        "minimum_order_sticks",
    )
    coming, leaving = np.zeros_like(on_hand), np.zeros_like(on_hand)
    due_by_days = {days: review_due(plan.day, days) for days in {row["review_days"] for row in rows}}
    due = np.fromiter((due_by_days[row["review_days"]] for row in rows), np.bool_, len(rows))
    due &= point >= 0  # what has no level of its own never lacks anything
    if moving or refused:
        for i, row in enumerate(rows):
            pair = (row["store_id"], row["gtin"])
            if pair in moving:
                coming[i], leaving[i] = moving[pair]
            if pair in refused:
                due[i] = False
    caps = ((NO_CAP if row["supply_cap_sticks"] is None else row["supply_cap_sticks"]) for row in rows)
    cap_left = np.fromiter(caps, np.int64, len(rows))
    for i, sticks in ordered.items():
        cap_left[i] -= sticks
    in_hand = on_hand - reserved - leaving
    return Series(in_hand, in_hand + on_order + coming, point, up_to, multiple, minimum, cap_left, due)


def _chosen(rows: list[Any], series: Series, needs: Needs, reading: Reading) -> list[int]:
    """Rows that lack something, can be spared, or may fill an order up to its supplier's minimum."""
    keep = needs.needed > 0
    if reading.donors:
        gives = np.fromiter((row["store_id"] in reading.donors for row in rows), np.bool_, len(rows))
        keep |= (needs.spare > 0) & gives
    minima = {
        supplier
        for supplier, terms in reading.cycles.items()
        if terms.cycle.top_up and (terms.cycle.minimum_minor or terms.cycle.minimum_sticks)
    }
    if minima:
        fills = (
            reading.products[row["gtin"]].supplier_id in minima and bool(row["daily_sticks"]) for row in rows
        )
        keep |= np.fromiter(fills, np.bool_, len(rows)) & (series.available > series.reorder_point)
    return [int(i) for i in np.flatnonzero(keep)]


def _line(row: Any, i: int, known: tuple[Series, Needs, dict[int, int]], reading: Reading) -> Line:
    series, needs, ordered = known
    product = reading.products[row["gtin"]]
    needed, allowed, spare = int(needs.needed[i]), int(needs.allowed[i]), int(needs.spare[i])
    surplus = (
        spare // product.carton_sticks * product.carton_sticks if row["store_id"] in reading.donors else 0
    )
    inputs = {
        "on_hand_sticks": row["on_hand"],
        "reserved_sticks": row["reserved"],
        "on_order_sticks": row["on_order"],
        "reorder_point_sticks": row["reorder_point_sticks"],
        "order_up_to_sticks": row["order_up_to_sticks"],
        "order_multiple_sticks": row["order_multiple_sticks"],
        "minimum_order_sticks": row["minimum_order_sticks"],
        "daily_sticks": row["daily_sticks"],
        "allowed_sticks": allowed,
    }
    line = Line(
        row["store_id"],
        row["gtin"],
        product.supplier_id,
        "order" if needed else "surplus" if surplus else "spare",
        int(series.available[i]),
        needed,
        surplus,
        inputs,
        order=allowed,
    )
    if row["supply_cap_sticks"] is not None:
        inputs |= {
            "supply_cap_sticks": row["supply_cap_sticks"],
            "ordered_in_period_sticks": ordered.get(i, 0),
        }
    if needed:
        line.reasons.append({"code": "below_reorder_point"})
    if allowed < needed:
        _cut_by_cap(line, needed - allowed)
    return line


def _cut_by_cap(line: Line, shortfall: int) -> None:
    line.shortfall = shortfall
    line.reasons.append({"code": "supply_cap", "shortfall_sticks": shortfall})
    if line.order == 0:
        line.state = "short"
