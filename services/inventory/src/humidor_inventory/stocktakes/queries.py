"""Statements over stocktakes, their lines and counts."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.stocktakes.rules import Counted, Item, State, Thresholds
from humidor_inventory.units.rules import Factors

END_OF_LEDGER = 2**62
_NEVER = datetime.max.replace(tzinfo=UTC)
# An entry carries the time at which its transaction began to wait for the store; none waits that long.
_SLACK = timedelta(hours=1)

_EVALUATED = """
WITH standing AS (
    SELECT DISTINCT ON (c.gtin, c.lot, c.counter)
           c.gtin, c.lot, c.counter, c.counted_at, c.quantity, c.unit, c.counted_sticks
    FROM stocktake_counts c JOIN stocktake_lines l USING (stocktake_id, gtin, lot)
    WHERE c.stocktake_id = $1 AND c.round = l.round
    ORDER BY c.gtin, c.lot, c.counter, c.counted_at DESC, c.count_id DESC
)
SELECT l.line, l.gtin, l.lot, l.round, l.snapshot_sticks, l.reason_code, p.name, p.sticks_per_pack,
       p.packs_per_carton, p.cartons_per_case, p.retail_price_per_pack, p.currency,
       s.counter, s.counted_at, s.quantity, s.unit, s.counted_sticks,
       l.snapshot_sticks + coalesce(m.moved, 0) AS book_sticks
FROM (SELECT * FROM stocktake_lines WHERE stocktake_id = $1 AND line > $7 ORDER BY line LIMIT $8) l
JOIN products p USING (gtin) LEFT JOIN standing s USING (gtin, lot)
LEFT JOIN LATERAL (
    SELECT sum(e.delta_sticks)::bigint AS moved FROM stock_ledger e
    WHERE e.store_id = $2 AND e.gtin = l.gtin AND e.bucket = 'on_hand' AND (NOT $3 OR e.lot = l.lot)
      AND e.recorded_at >= $4 AND e.entry_id > $5 AND e.entry_id < $6 AND e.occurred_at <= s.counted_at
) m ON s.counter IS NOT NULL
ORDER BY l.line, s.counter
"""
_LATE = """
SELECT coalesce(sum(abs(e.delta_sticks)), 0)::bigint
FROM stocktake_lines l CROSS JOIN LATERAL (
    SELECT delta_sticks FROM stock_ledger
    WHERE store_id = $2 AND gtin = l.gtin AND bucket = 'on_hand' AND (NOT $3 OR lot = l.lot)
      AND recorded_at >= $4 AND entry_id > $5 AND occurred_at <= l.counted_at
      AND reason IN ('sale', 'return', 'void')
) e
WHERE l.stocktake_id = $1
"""
_READ = "SELECT * FROM stocktakes WHERE stocktake_id = $1"
_LOCKED = "SELECT * FROM stocktakes WHERE stocktake_id = $1 FOR UPDATE"
_LIST = """
SELECT t.*, (SELECT count(*) FROM stocktake_lines l WHERE l.stocktake_id = t.stocktake_id) AS lines
FROM stocktakes t
WHERE ($1::text[] IS NULL OR store_id = ANY($1)) AND ($2::text IS NULL OR state = $2)
  AND ($3::uuid IS NULL OR stocktake_id < $3)
ORDER BY stocktake_id DESC LIMIT $4
"""


class Line(NamedTuple):
    """A line with the counts of its round that stand, one a counter."""

    line: int
    gtin: str
    lot: str
    round: int
    snapshot_sticks: int
    reason_code: str | None
    name: str
    item: Item
    counts: list[Counted]


class Stocktake(NamedTuple):
    """A stocktake as it is stored."""

    stocktake_id: UUID
    store_id: str
    kind: Literal["full", "cycle"]
    blind: bool
    by_lot: bool
    state: State
    allowed: Thresholds
    rounds: list[datetime]
    ledger_position: int | None
    posting_position: int | None
    accuracy: dict[str, Any] | None
    row: Any

    @property
    def round(self) -> int:
        return len(self.rounds)


async def read_stocktake(
    conn: Connection, stocktake_id: UUID, visible: list[str] | None, *, lock: bool = False
) -> Stocktake:
    """Read one that the caller may see, keeping others from changing it where `lock` says so."""
    row = await conn.fetchrow(_LOCKED if lock else _READ, stocktake_id)
    if row is None or (visible is not None and row["store_id"] not in visible):
        raise not_found("stocktake", stocktake_id)
    allowed = Thresholds(row["recount_packs"], row["recount_percent"], row["recount_value_minor"])
    stored = {name: row[name] for name in Stocktake._fields if name not in ("allowed", "row")}
    return Stocktake(**stored, allowed=allowed, row=row)


async def list_stocktakes(
    conn: Connection, visible: list[str] | None, state: str | None, *, after: UUID | None, limit: int
) -> list[Any]:
    """Read the newest first."""
    return await conn.fetch(_LIST, visible, state, after, limit)


async def count_lines(conn: Connection, stocktake_id: UUID) -> int:
    sql = "SELECT count(*) FROM stocktake_lines WHERE stocktake_id = $1"
    return int(await conn.fetchval(sql, stocktake_id) or 0)


async def evaluate(
    conn: Connection,
    stocktake: Stocktake,
    *,
    position: int | None = None,
    page: tuple[int, int | None] = (0, None),
) -> list[Line]:
    """Read the lines with the counts that stand and the book at each count's moment, in one statement.

    `position` is where in the ledger to stop; a stocktake that is posted stops where it was posted. `page`
    is the line number to start after and the most lines.
    """
    until = position or stocktake.posting_position or END_OF_LEDGER
    start = (stocktake.rounds[0] if stocktake.rounds else _NEVER) - _SLACK
    rows = await conn.fetch(
        _EVALUATED,
        stocktake.stocktake_id,
        stocktake.store_id,
        stocktake.by_lot,
        start,
        stocktake.ledger_position or 0,
        until,
        *page,
    )
    lines: dict[int, Line] = {}
    for row in rows:
        line = lines.setdefault(row["line"], _line(row))
        if row["counter"] is not None:
            line.counts.append(Counted(*(row[name] for name in Counted._fields)))
    return list(lines.values())


def _line(row: Any) -> Line:
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    item = Item(factors, row["retail_price_per_pack"], row["currency"])
    stored = {name: row[name] for name in Line._fields if name not in ("item", "counts")}
    return Line(**stored, item=item, counts=[])


async def late_sticks(conn: Connection, stocktake: Stocktake) -> int:
    """Add up what came in after posting although it happened before the count of its line."""
    if stocktake.posting_position is None:
        return 0
    return int(
        await conn.fetchval(
            _LATE,
            stocktake.stocktake_id,
            stocktake.store_id,
            stocktake.by_lot,
            stocktake.row["posted_at"] - _SLACK,
            stocktake.posting_position,
        )
        or 0
    )


async def add_lines(conn: Connection, stocktake_id: UUID, lines: Iterable[tuple[str, str, int]]) -> None:
    """Add (GTIN, lot, round) with nothing in the snapshot, numbered after those that are there."""
    await conn.execute(
        """INSERT INTO stocktake_lines (stocktake_id, line, gtin, lot, round, snapshot_sticks)
           SELECT $1, coalesce((SELECT max(line) FROM stocktake_lines WHERE stocktake_id = $1), 0) + n,
                  e->>0, e->>1, (e->>2)::int, 0
           FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY k(e, n)""",
        stocktake_id,
        list(lines),
    )


async def store_counts(conn: Connection, stocktake_id: UUID, rows: Sequence[Sequence[Any]]) -> None:
    """Write counts; each row is in the order of the columns."""
    await conn.execute(
        """INSERT INTO stocktake_counts (stocktake_id, count_id, round, gtin, lot, counter, counted_at,
                                         stated_at, quantity, unit, counted_sticks, source)
           SELECT $1, (e->>0)::uuid, (e->>1)::int, e->>2, e->>3, e->>4, (e->>5)::timestamptz,
                  (e->>6)::timestamptz, (e->>7)::bigint, e->>8, (e->>9)::bigint, e->>10
           FROM jsonb_array_elements($2::jsonb) e""",
        stocktake_id,
        rows,
    )


async def find_counts(conn: Connection, stocktake_id: UUID, count_ids: Collection[UUID]) -> dict[UUID, Any]:
    rows = await conn.fetch(
        """SELECT count_id, round, gtin, lot, counter, stated_at, quantity, unit FROM stocktake_counts
           WHERE stocktake_id = $1 AND count_id = ANY($2::uuid[])""",
        stocktake_id,
        list(count_ids),
    )
    return {row["count_id"]: row for row in rows}


async def known_lines(
    conn: Connection, stocktake_id: UUID, gtins: Collection[str]
) -> dict[tuple[str, str], int]:
    """Read in which round the lines of these products are to be counted."""
    rows = await conn.fetch(
        "SELECT gtin, lot, round FROM stocktake_lines WHERE stocktake_id = $1 AND gtin = ANY($2::text[])",
        stocktake_id,
        list(gtins),
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def latest_counts(
    conn: Connection, stocktake_id: UUID, gtins: Collection[str]
) -> dict[tuple[str, str, int, str], datetime]:
    """Read when each counter last counted a line of these products, by (GTIN, lot, round, counter)."""
    rows = await conn.fetch(
        """SELECT gtin, lot, round, counter, max(counted_at) FROM stocktake_counts
           WHERE stocktake_id = $1 AND gtin = ANY($2::text[]) GROUP BY 1, 2, 3, 4""",
        stocktake_id,
        list(gtins),
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}


async def counters(conn: Connection, stocktake_id: UUID) -> set[str]:
    sql = "SELECT DISTINCT counter FROM stocktake_counts WHERE stocktake_id = $1"
    return {row[0] for row in await conn.fetch(sql, stocktake_id)}
