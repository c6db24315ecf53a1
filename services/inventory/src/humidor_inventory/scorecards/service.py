"""Adds up how a supplier did."""

from datetime import date

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.scorecards.measuring import NEWEST
from humidor_inventory.scorecards.rules import (
    NEWEST_DELIVERIES,
    Counts,
    fill_rate,
    lead_time,
    on_time_rate,
    quality_score,
)
from humidor_inventory.scorecards.schemas import LeadTimeView, ScorecardView

_SUMS = """
SELECT {sums} FROM supplier_months
WHERE supplier_id = $1 AND month BETWEEN $2 AND $3 AND ($4::text IS NULL OR store_id = $4)
""".format(sums=", ".join(f"coalesce(sum({n}), 0)::bigint AS {n}" for n in Counts.__struct_fields__))
_DAYS = """
SELECT avg(first_days), avg(last_days) FROM supplier_deliveries
WHERE supplier_id = $1 AND first_received_at >= $2 AND first_received_at < $3::date + interval '1 month'
  AND ($4::text IS NULL OR store_id = $4)
"""


async def score(
    conn: Connection, supplier_id: str, store_id: str | None, months: tuple[date, date]
) -> ScorecardView:
    """Add up the months from the first to the last (first days of months), of one store or all."""
    supplier = await conn.fetchrow(
        "SELECT lead_time_days, planned_lead_time_days FROM suppliers WHERE supplier_id = $1", supplier_id
    )
    if supplier is None:
        raise not_found("supplier", supplier_id)
    row = await conn.fetchrow(_SUMS, supplier_id, *months, store_id)
    counts = Counts(**row) if row else Counts()
    days = await conn.fetchrow(_DAYS, supplier_id, *months, store_id)
    newest = await conn.fetch(NEWEST, supplier_id, store_id, NEWEST_DELIVERIES)
    found = lead_time([each[0] for each in newest])
    return ScorecardView(
        supplier_id=supplier_id,
        store_id=store_id,
        first_month=months[0],
        last_month=months[1],
        lead_time=found and LeadTimeView(**{n: getattr(found, n) for n in LeadTimeView.model_fields}),
        stated_lead_time_days=supplier["lead_time_days"],
        planned_lead_time_days=supplier["planned_lead_time_days"],
        first_days=days and days[0],
        last_days=days and days[1],
        on_time_rate=on_time_rate(counts),
        fill_rate=fill_rate(counts),
        quality_score=quality_score(counts),
        **{name: getattr(counts, name) for name in Counts.__struct_fields__},
    )
