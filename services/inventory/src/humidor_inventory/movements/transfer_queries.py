"""Statements over transfers."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.movements.rules import Parcel
from humidor_inventory.movements.transfer_schemas import (
    InTransitView,
    LossView,
    ParcelView,
    PlannedLineView,
    TransferView,
)
from humidor_inventory.units.rules import Factors, Unit

_VIEW = """
SELECT t.*, l.lines, p.parcels, x.losses FROM transfers t
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(to_jsonb(i) - 'transfer_id' ORDER BY line), '[]') AS lines
    FROM transfer_lines i WHERE i.transfer_id = t.transfer_id) l
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(to_jsonb(i) - 'transfer_id' ORDER BY gtin, lot), '[]') AS parcels
    FROM transfer_parcels i WHERE i.transfer_id = t.transfer_id) p
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(to_jsonb(i) - 'transfer_id' - 'loss_id' ORDER BY loss_id), '[]') AS losses
    FROM transfer_losses i WHERE i.transfer_id = t.transfer_id) x
"""
_IN_TRANSIT = """
SELECT t.from_store_id, t.to_store_id, p.gtin, g.sticks_per_pack, g.packs_per_carton, g.cartons_per_case,
       sum(p.dispatched_sticks - p.received_sticks - p.lost_sticks)::bigint AS in_transit_sticks,
       count(DISTINCT t.transfer_id) AS transfers, min(t.dispatched_at) AS oldest_dispatched_at
FROM transfers t JOIN transfer_parcels p USING (transfer_id) JOIN products g USING (gtin)
WHERE t.state IN ('dispatched', 'partially_received')
  AND p.dispatched_sticks > p.received_sticks + p.lost_sticks
  AND ($1::text IS NULL OR t.from_store_id = $1) AND ($2::text IS NULL OR t.to_store_id = $2)
  AND ($3::text IS NULL OR p.gtin = $3)
  AND ($4::text[] IS NULL OR t.from_store_id = ANY($4) OR t.to_store_id = ANY($4))
  AND (t.from_store_id, t.to_store_id, p.gtin) > ($5, $6, $7)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3 LIMIT $8
"""
_STORE_PARCELS = """
INSERT INTO transfer_parcels (transfer_id, gtin, lot, dispatched_sticks, received_sticks, lost_sticks,
                              production_date, expiry_date)
SELECT $1, e->>0, e->>1, (e->>2)::bigint, (e->>3)::bigint, (e->>4)::bigint, (e->>5)::date, (e->>6)::date
FROM jsonb_array_elements($2::jsonb) e
ON CONFLICT (transfer_id, gtin, lot) DO UPDATE
SET received_sticks = excluded.received_sticks, lost_sticks = excluded.lost_sticks
"""


class Route(NamedTuple):
    """From where to where; None is any."""

    from_store_id: str | None
    to_store_id: str | None
    gtin: str | None


async def load_over(conn: Connection, store_id: str, gtins: Collection[str], now: datetime) -> dict[str, int]:
    """Add up what balances still count as reserved although its time is over, by product."""
    rows = await conn.fetch(
        """SELECT gtin, sum(quantity_sticks)::bigint FROM reservations
           WHERE store_id = $1 AND gtin = ANY($2::text[]) AND state = 'active' AND expires_at <= $3
           GROUP BY gtin""",
        store_id,
        list(gtins),
        now,
    )
    return {row[0]: row[1] for row in rows}


async def store_transfer(conn: Connection, view: TransferView) -> None:
    await conn.execute(
        """INSERT INTO transfers (transfer_id, from_store_id, to_store_id, state, note, created_at,
                                  created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7)""",
        view.transfer_id,
        view.from_store_id,
        view.to_store_id,
        view.state,
        view.note,
        view.created_at,
        view.created_by,
    )
    await conn.execute(
        """INSERT INTO transfer_lines (transfer_id, line, gtin, lot, quantity_sticks)
           SELECT $1, (e->>0)::int, e->>1, e->>2, (e->>3)::bigint FROM jsonb_array_elements($2::jsonb) e""",
        view.transfer_id,
        [(line.line, line.gtin, line.lot, line.quantity_sticks) for line in view.lines],
    )


async def store_parcels(conn: Connection, transfer_id: UUID, parcels: Iterable[Parcel]) -> None:
    rows = [
        (p.gtin, p.lot, p.dispatched, p.received, p.lost, p.production_date, p.expiry_date) for p in parcels
    ]
    await conn.execute(_STORE_PARCELS, transfer_id, rows)


async def store_losses(
    conn: Connection, transfer_id: UUID, losses: Iterable[tuple[str, str, int, str]], by: str, now: datetime
) -> None:
    await conn.execute(
        """INSERT INTO transfer_losses (transfer_id, gtin, lot, lost_sticks, reason, recorded_by, recorded_at)
           SELECT $1, e->>0, e->>1, (e->>2)::bigint, e->>3, $3, $4 FROM jsonb_array_elements($2::jsonb) e""",
        transfer_id,
        list(losses),
        by,
        now,
    )


async def load_parcels(conn: Connection, transfer_id: UUID) -> list[Parcel]:
    rows = await conn.fetch(
        """SELECT gtin, lot, dispatched_sticks, received_sticks, lost_sticks, production_date, expiry_date
           FROM transfer_parcels WHERE transfer_id = $1 ORDER BY gtin, lot""",
        transfer_id,
    )
    return [Parcel(*row) for row in rows]


async def load_transfer(conn: Connection, transfer_id: UUID) -> TransferView:
    row = await conn.fetchrow(_VIEW + " WHERE t.transfer_id = $1", transfer_id)
    if row is None:
        raise not_found("transfer", transfer_id)
    return _view(row)


async def list_transfers(
    conn: Connection, visible: list[str] | None, state: str | None, *, after: UUID | None, limit: int
) -> list[TransferView]:
    """Read those that leave from or come to visible stores, the oldest first."""
    conditions = {
        "(t.from_store_id = ANY(${0}::text[]) OR t.to_store_id = ANY(${0}::text[]))": visible,
        "t.state = ${0}": state,
        "t.transfer_id > ${0}": after,
    }
    given = [(text, value) for text, value in conditions.items() if value is not None]
    where = " AND ".join(["true", *(text.format(n) for n, (text, _) in enumerate(given, 1))])
    statement = f"{_VIEW} WHERE {where} ORDER BY t.transfer_id LIMIT ${len(given) + 1}"
    return [_view(row) for row in await conn.fetch(statement, *(value for _, value in given), limit)]


async def list_in_transit(
    conn: Connection,
    route: Route,
    visible: list[str] | None,
    *,
    unit: Unit,
    after: tuple[str, str, str],
    limit: int,
) -> list[InTransitView]:
    rows = await conn.fetch(_IN_TRANSIT, *route, visible, *after, limit)
    return [_in_transit(row, unit) for row in rows]


def _in_transit(row: Any, unit: Unit) -> InTransitView:
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    own = {name: row[name] for name in InTransitView.model_fields if name not in ("unit", "in_transit")}
    whole = row["in_transit_sticks"] // int(getattr(factors, unit))
    return InTransitView(**own, unit=unit, in_transit=whole)


def _view(row: Any) -> TransferView:
    own = {n: row[n] for n in TransferView.model_fields if n not in ("lines", "parcels", "losses")}
    return TransferView(
        **own,
        lines=[PlannedLineView(**line) for line in row["lines"]],
        parcels=[
            ParcelView(
                **parcel,
                in_transit_sticks=parcel["dispatched_sticks"]
                - parcel["received_sticks"]
                - parcel["lost_sticks"],
            )
            for parcel in row["parcels"]
        ],
        losses=[LossView(**loss) for loss in row["losses"]],
    )
