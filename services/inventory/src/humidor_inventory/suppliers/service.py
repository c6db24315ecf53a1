"""Keeps the suppliers."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.policies.recalculation import lead_times_changed
from humidor_inventory.suppliers.schemas import SupplierInput, SupplierView

_NAMES = tuple(SupplierInput.model_fields)
# A source that changes takes the measured deviation along, even where the days are the same.
_MOVES_LEVELS = ("planned_lead_time_days", "lead_time_source")
_WRITE = """
INSERT INTO suppliers (supplier_id, version, changed_at, {names}) VALUES ($1, $2, $3, {places})
ON CONFLICT (supplier_id) DO UPDATE SET version = $2, changed_at = $3, {changes}
RETURNING *
""".format(
    names=", ".join(_NAMES),
    places=", ".join(f"${n}" for n, _ in enumerate(_NAMES, 4)),
    changes=", ".join(f"{name} = ${n}" for n, name in enumerate(_NAMES, 4)),
)


async def get_supplier(conn: Connection, supplier_id: str) -> SupplierView:
    row = await conn.fetchrow("SELECT * FROM suppliers WHERE supplier_id = $1", supplier_id)
    if row is None:
        raise not_found("supplier", supplier_id)
    return SupplierView(**row)


async def list_suppliers(conn: Connection, *, after: str, limit: int) -> list[SupplierView]:
    rows = await conn.fetch(
        """SELECT * FROM suppliers WHERE supplier_id > $1 ORDER BY supplier_id LIMIT $2""",
        after,
        limit,
    )
    return [SupplierView(**row) for row in rows]


async def put_supplier(
    conn: Connection,
    principal: Principal,
    supplier: tuple[str, SupplierInput],
    *,
    if_match: str | None,
    now: datetime,
) -> SupplierView:
    """Make or change a supplier and note who did; the same again changes nothing."""
    supplier_id, given = supplier
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301004))", supplier_id)
    row = await conn.fetchrow("SELECT * FROM suppliers WHERE supplier_id = $1", supplier_id)
    before = None if row is None else SupplierView(**row)
    check_match(if_match, before.version if before else None)
    wanted = given.model_dump()
    if before and wanted == before.model_dump(include=set(_NAMES)):
        return before
    version = before.version + 1 if before else 1
    written = await conn.fetchrow(_WRITE, supplier_id, version, now, *wanted.values())
    after = SupplierView(**written)  # type: ignore[arg-type]  # the statement gives the row it wrote
    if before and any(getattr(before, name) != getattr(after, name) for name in _MOVES_LEVELS):
        await lead_times_changed(conn, supplier_ids=[supplier_id], now=now)
    await audit.record_put(conn, principal, ("supplier", supplier_id), before, after)
    return after
