"""Brings the ledger to what was counted: every adjustment, the record and the event, or nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import CountedProduct, StocktakeCompleted
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelves, Source
from humidor_inventory.stocktakes import queries
from humidor_inventory.stocktakes.accuracy import AccuracyView, Finding, add_up
from humidor_inventory.stocktakes.opening import check_state
from humidor_inventory.stocktakes.queries import Line, Stocktake
from humidor_inventory.stocktakes.rules import Counted, judge, spread
from humidor_inventory.stocktakes.service import check_approver, finding

_CLOSE = """
UPDATE stocktakes SET state = 'posted', posted_by = $2, posted_at = $3, posting_position = $4, accuracy = $5
WHERE stocktake_id = $1
"""
_KEEP_LINES = """
UPDATE stocktake_lines l SET book_sticks = (e->>1)::bigint, counted_sticks = (e->>2)::bigint,
       counted_at = (e->>3)::timestamptz, variance_value = (e->>4)::bigint, reason_code = e->>5
FROM jsonb_array_elements($2::jsonb) e WHERE l.stocktake_id = $1 AND l.line = (e->>0)::int
"""
_KEEP_ADJUSTMENTS = """
INSERT INTO adjustments (adjustment_id, store_id, gtin, lot, bucket, delta_sticks, reason_code, note,
                         adjusted_at, adjusted_by, stocktake_id)
SELECT (e->>0)::uuid, $2, e->>1, e->>2, 'on_hand', (e->>3)::bigint, e->>4, NULL, $3, $4, $1
FROM jsonb_array_elements($5::jsonb) e
"""


class Settled(NamedTuple):
    """A line, the count of it that stands and what that says of the books."""

    line: Line
    chosen: Counted
    finding: Finding

    @property
    def reason_code(self) -> str:
        return self.line.reason_code or "count"


async def post(
    conn: Connection, principal: Principal, stocktake_id: UUID, store_id: str, *, now: datetime
) -> None:
    """Adjust the ledger by the variances as they are now, in this transaction.

    What was approved are the counts; the book of their moments is read again, so that a sale which came in
    late since then is netted too.
    """
    await lock_stores(conn, [store_id])
    stocktake = await queries.read_stocktake(conn, stocktake_id, None, lock=True)
    await check_approver(conn, principal, stocktake)
    check_state(stocktake.state, "post")
    position: int = await conn.fetchval("SELECT nextval('stock_ledger_entry_id_seq')")
    lines = _settle(stocktake, await queries.evaluate(conn, stocktake, position=position))
    pairs = {(store_id, each.line.gtin) for each in lines if each.chosen.variance}
    named = {(store_id, each.line.gtin, each.line.lot) for each in lines if each.chosen.variance}
    shelves = await load_shelves(conn, pairs, named)
    adjustments = _adjust(lines, shelves, store_id, now)
    await write_shelves(conn, shelves, now=now)
    await conn.execute(_KEEP_ADJUSTMENTS, stocktake_id, store_id, now, principal.subject, adjustments)
    record = add_up(each.finding for each in lines)
    await _close(conn, principal, stocktake, lines, (record, position, now))
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    await outbox.append(conn, [_event(stocktake, principal, lines, (record, now))])


def _settle(stocktake: Stocktake, lines: Sequence[Line]) -> list[Settled]:
    settled = []
    for line in lines:
        verdict = judge(line.round, line.counts, line.item, stocktake.allowed)
        if verdict.chosen is None:
            raise Problem(409, "lines-uncounted", f"Line {line.line} is not counted.")
        settled.append(Settled(line, verdict.chosen, finding(line, stocktake.allowed)))
    return settled


def _adjust(
    lines: Sequence[Settled], shelves: Shelves, store_id: str, now: datetime
) -> list[tuple[Any, ...]]:
    """Enter the variances, gains first: they may cover what a loss takes off another lot."""
    adjustments: list[tuple[Any, ...]] = []
    for each in sorted(lines, key=lambda each: each.chosen.variance < 0):
        if not each.chosen.variance:
            continue
        shelf = shelves[store_id, each.line.gtin]
        for lot, sticks in spread(each.chosen.variance, shelf.lots, each.line.lot):
            source = Source("adjustment", uuid7(), 1, now)
            shelf.put(lot, sticks, "stocktake", source)
            adjustments.append((source.source_id, each.line.gtin, lot, sticks, each.reason_code))
    return adjustments


async def _close(
    conn: Connection,
    principal: Principal,
    stocktake: Stocktake,
    lines: Sequence[Settled],
    told: tuple[AccuracyView, int, datetime],
) -> None:
    record, position, now = told
    stocktake_id = stocktake.stocktake_id
    kept = [
        (
            each.line.line,
            each.chosen.book_sticks,
            each.chosen.counted_sticks,
            each.chosen.counted_at,
            each.finding.variance_value,
            each.reason_code if each.chosen.variance else None,
        )
        for each in lines
    ]
    await conn.execute(_KEEP_LINES, stocktake_id, kept)
    await conn.execute(_CLOSE, stocktake_id, principal.subject, now, position, record.model_dump())
    await conn.execute("DELETE FROM stocktake_products WHERE stocktake_id = $1", stocktake_id)
    await audit.record(conn, principal, "post", "stocktake", str(stocktake_id), after=record)


def _event(
    stocktake: Stocktake, principal: Principal, lines: Sequence[Settled], told: tuple[AccuracyView, datetime]
) -> StocktakeCompleted:
    """Tell it by product: a full count by lot may have more lines than a message can hold."""
    record, now = told
    products: dict[str, CountedProduct] = {}
    for each in lines:
        before = products.get(each.line.gtin)
        products[each.line.gtin] = CountedProduct(
            gtin=each.line.gtin,
            book_sticks=each.chosen.book_sticks + (before.book_sticks if before else 0),
            counted_sticks=each.chosen.counted_sticks + (before.counted_sticks if before else 0),
        )
    return StocktakeCompleted(
        stocktake_id=stocktake.stocktake_id,
        store_id=stocktake.store_id,
        kind=stocktake.kind,
        blind=stocktake.blind,
        products=list(products.values()),
        lines=record.lines,
        accurate_lines=record.accurate_lines,
        net_variance_sticks=record.net_variance_sticks,
        absolute_variance_sticks=record.absolute_variance_sticks,
        approved_by=stocktake.row["approved_by"],
        posted_by=principal.subject,
        posted_at=now,
    )
