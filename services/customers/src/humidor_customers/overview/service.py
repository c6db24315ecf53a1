"""Puts together what is known of a customer: a few walks down indexes, none of which grows with history."""

from datetime import datetime, timedelta
from typing import Any

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import visible_stores
from humidor_customers.inputs import BEGIN, END, NEWEST
from humidor_customers.overview.schemas import KindView, OpenView, Overview
from humidor_customers.parties import Party
from humidor_customers.retailers import service as retailers
from humidor_customers.timeline import queries as timeline
from humidor_customers.timeline.queries import Wanted
from humidor_customers.timeline.schemas import EntryView
from humidor_customers.timeline.service import ids_of

YEAR = timedelta(days=365)
NEWEST_ENTRIES = 20

_OPEN = """
SELECT t.*, v.*, p.*
FROM (SELECT count(*) AS tasks, count(*) FILTER (WHERE due_at < $3) AS tasks_overdue,
             min(due_at) AS next_task_due_at
      FROM tasks WHERE party_kind = $1 AND party_id = $2 AND state = 'open') t,
     (SELECT min(planned_on) AS next_visit_on FROM visits
      WHERE $1 = 'retailer' AND retailer_id = $2 AND state = 'planned') v,
     (SELECT count(*) AS presales FROM presales
      WHERE $1 = 'retailer' AND retailer_id = $2 AND closed_at IS NULL) p
"""


async def look_at(
    conn: Connection, principal: Principal, party: Party, record: Any, *, now: datetime
) -> Overview:
    """Give the overview of a customer whose record the caller may see."""
    ids = await ids_of(conn, party)
    stores = visible_stores(principal, None)
    counted = await timeline.counted(conn, party.kind, ids, now - YEAR, stores)
    wanted = Wanted(BEGIN, (END, NEWEST), store_ids=stores)
    newest = await timeline.newest(conn, party.kind, ids, wanted, limit=NEWEST_ENTRIES)
    (row,) = await conn.fetch(_OPEN, *party, now)
    shown = {"retailer": retailers.view(record, now)} if party.kind == "retailer" else {"consumer": record}
    return Overview(
        **shown,
        year=[KindView(**each) for each in counted],
        newest=[EntryView(**each) for each in newest],
        open=OpenView(**row),
    )
