"""Splits and merges lots; stock is kept in sticks, so a carton that is broken changes nothing by itself."""

from datetime import date, datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.movements.lot_schemas import LotChangePart, LotChangeView, MergeInput, SplitInput
from humidor_inventory.movements.rules import earliest
from humidor_inventory.stock.rules import Lot
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelf, Shelves, Source
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units


async def split_lot(
    conn: Connection, principal: Principal, given: SplitInput, *, now: datetime
) -> LotChangeView:
    """Make a part of a lot on the shelf a lot of its own, with the same dates."""
    await resolve_units(conn, [("", given)])
    shelves, _ = await _load(conn, given, {given.lot, given.new_lot}, now)
    shelf = shelves[given.store_id, given.gtin]
    factors = await load_factors(conn, [given.gtin])
    sticks = sticks_of(given.quantity, given.unit, factors[given.gtin], "quantity")
    lot, new = shelf.lot(given.lot), shelf.lot(given.new_lot)
    if lot.on_hand < sticks:
        detail = f"The lot holds {lot.on_hand} sticks, {sticks} were to be split off."
        raise Problem(409, "not-enough-stock", detail, errors=[FieldError("quantity", "is too much")])
    for known, own in zip(new.dates[:2], lot.dates[:2], strict=True):
        if known is not None and known != own:
            raise Problem(409, "lots-differ", f"The books know lot {new.lot} with other dates.")
    new.expiry_date, new.production_date, new.received_at = lot.dates
    part = LotChangePart(from_lot=lot.lot, to_lot=new.lot, on_hand_sticks=sticks, quarantined_sticks=0)
    return await _book(conn, principal, ("split", given.reason, now), shelves, (shelf, [part]))


async def merge_lots(
    conn: Connection, principal: Principal, given: MergeInput, *, now: datetime
) -> LotChangeView:
    """Make one lot of several; it is as old as the oldest of them, and expires with the first."""
    shelves, day = await _load(conn, given, {*given.lots, given.into}, now)
    shelf = shelves[given.store_id, given.gtin]
    into = shelf.lot(given.into)
    sources = [shelf.lot(each) for each in given.lots if each != given.into]
    for lot in sources:
        if not lot.on_hand and not lot.quarantined:
            raise Problem(409, "not-enough-stock", f"Lot {lot.lot} holds nothing.")
    filled = [lot for lot in (*sources, into) if lot.on_hand or lot.quarantined]
    if len({lot.sound(day) for lot in filled}) > 1 or (into not in filled and not into.sound(day)):
        raise Problem(409, "lots-differ", "An expired lot does not merge with one that may be sold.")
    merged = [*sources, into]
    into.expiry_date = earliest(lot.expiry_date for lot in merged)
    into.production_date = earliest(lot.production_date for lot in merged)
    into.received_at = earliest(lot.received_at for lot in merged)
    parts = [
        LotChangePart(
            from_lot=lot.lot,
            to_lot=into.lot,
            on_hand_sticks=lot.on_hand,
            quarantined_sticks=lot.quarantined,
        )
        for lot in sources
    ]
    return await _book(conn, principal, ("merge", given.reason, now), shelves, (shelf, parts))


async def _load(
    conn: Connection, given: SplitInput | MergeInput, lots: set[str], now: datetime
) -> tuple[Shelves, date]:
    await lock_stores(conn, [given.store_id])
    day = (await load_days(conn, [given.store_id], now))[given.store_id]
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM products WHERE gtin = $1)", given.gtin):
        raise invalid("gtin", "there is no such product")
    pair = (given.store_id, given.gtin)
    shelves = await load_shelves(conn, [pair], [(*pair, lot) for lot in lots])
    for lot in lots:
        _refuse_held(shelves[pair].lot(lot))
    return shelves, day


def _refuse_held(lot: Lot) -> None:
    if lot.held:
        raise Problem(409, "lot-held", f"The lot {lot.lot} is held: it stays as it is.")


async def _book(
    conn: Connection,
    principal: Principal,
    what: tuple[str, str, datetime],
    shelves: Shelves,
    changed: tuple[Shelf, list[LotChangePart]],
) -> LotChangeView:
    (kind, reason, now), (shelf, parts) = what, changed
    change_id = uuid7()
    for n, part in enumerate(parts, 1):
        source = Source(kind, change_id, n, now)
        if part.on_hand_sticks:
            shelf.put(part.from_lot, -part.on_hand_sticks, kind, source)
            shelf.put(part.to_lot, part.on_hand_sticks, kind, source)
        if part.quarantined_sticks:
            shelf.quarantine(part.from_lot, -part.quarantined_sticks, kind, source)
            shelf.quarantine(part.to_lot, part.quarantined_sticks, kind, source)
    shelf.reorder_lots()
    await write_shelves(conn, shelves, now=now)
    into = shelf.lot(parts[0].to_lot)
    view = LotChangeView(
        change_id=change_id,
        kind="split" if kind == "split" else "merge",
        store_id=shelf.store_id,
        gtin=shelf.gtin,
        parts=parts,
        production_date=into.production_date,
        expiry_date=into.expiry_date,
        reason=reason,
        changed_at=now,
        changed_by=principal.subject,
    )
    await _store(conn, view)
    document = view.model_dump(mode="json")
    entity_id = f"{view.store_id}/{view.gtin}/{into.lot}"
    await audit.record(conn, principal, kind, "lot", entity_id, after=document, reason=reason)
    return view


async def _store(conn: Connection, view: LotChangeView) -> None:
    await conn.execute(
        """INSERT INTO lot_changes (change_id, part, kind, store_id, gtin, from_lot, to_lot, on_hand_sticks,
                                    quarantined_sticks, reason, changed_at, changed_by)
           SELECT $1, n, $2, $3, $4, e->>0, e->>1, (e->>2)::bigint, (e->>3)::bigint, $6, $7, $8
           FROM jsonb_array_elements($5::jsonb) WITH ORDINALITY k(e, n)""",
        view.change_id,
        view.kind,
        view.store_id,
        view.gtin,
        [list(part.model_dump().values()) for part in view.parts],
        view.reason,
        view.changed_at,
        view.changed_by,
    )
