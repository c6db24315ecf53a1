"""Writes goods off: gone for good, with a reason and the evidence."""

from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.movements.lot_schemas import WriteOffInput, WriteOffView
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Source
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units


async def write_off(
    conn: Connection, principal: Principal, given: WriteOffInput, *, now: datetime
) -> WriteOffView:
    """Take goods out of one lot; what is gone is gone, so reservations do not prevent it."""
    await lock_stores(conn, [given.store_id])
    await load_days(conn, [given.store_id], now)
    await resolve_units(conn, [("", given)])
    factors = await load_factors(conn, [given.gtin])
    if given.gtin not in factors:
        raise invalid("gtin", "there is no such product")
    pair = (given.store_id, given.gtin)
    shelves = await load_shelves(conn, [pair])
    shelf, lot = shelves[pair], given.lot or UNATTRIBUTED
    held = shelf.lot(lot).on_hand if given.bucket == "on_hand" else shelf.lot(lot).quarantined
    sticks = sticks_of(given.quantity, given.unit, factors[given.gtin], "quantity")
    if held < sticks:
        detail = f"The lot holds {max(held, 0)} sticks, {sticks} were to be written off."
        raise Problem(409, "not-enough-stock", detail, errors=[FieldError("quantity", "is too much")])
    view = WriteOffView(
        write_off_id=uuid7(),
        store_id=given.store_id,
        gtin=given.gtin,
        lot=lot,
        bucket=given.bucket,
        quantity_sticks=sticks,
        reason_code=given.reason_code,
        evidence=given.evidence,
        written_off_at=now,
        written_off_by=principal.subject,
    )
    change = shelf.put if given.bucket == "on_hand" else shelf.quarantine
    change(lot, -sticks, "written_off", Source("write_off", view.write_off_id, 1, now))
    await write_shelves(conn, shelves, now=now)
    await _store(conn, view)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    await _note(conn, principal, view)
    return view


async def _store(conn: Connection, view: WriteOffView) -> None:
    await conn.execute(
        """INSERT INTO write_offs (write_off_id, store_id, gtin, lot, bucket, quantity_sticks, reason_code,
                                   evidence, written_off_at, written_off_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        *view.model_dump().values(),
    )


async def _note(conn: Connection, principal: Principal, view: WriteOffView) -> None:
    document = view.model_dump(mode="json")
    await audit.record(
        conn,
        principal,
        "write_off",
        "stock",
        f"{view.store_id}/{view.gtin}/{view.lot}",
        after=document,
        reason=view.evidence,
    )


async def list_write_offs(
    conn: Connection, visible: list[str] | None, gtin: str | None, *, after: UUID | None, limit: int
) -> list[WriteOffView]:
    conditions = {"store_id = ANY(${}::text[])": visible, "gtin = ${}": gtin, "write_off_id > ${}": after}
    given = [(text, value) for text, value in conditions.items() if value is not None]
    where = " AND ".join(["true", *(text.format(n) for n, (text, _) in enumerate(given, 2))])
    statement = f"SELECT * FROM write_offs WHERE {where} ORDER BY write_off_id LIMIT $1"  # noqa: S608 - our own text
    rows = await conn.fetch(statement, limit, *(value for _, value in given))
    return [WriteOffView(**row) for row in rows]
