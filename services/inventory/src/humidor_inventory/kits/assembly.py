"""Makes kits and takes them apart: movements between products, all or nothing, in one store."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.kits import queries
from humidor_inventory.kits.rules import Part, adds_up, misnamed, needs, take_apart
from humidor_inventory.kits.schemas import AssembleInput, AssemblyView, DisassembleInput, PartView
from humidor_inventory.kits.service import components_of, get_kit
from humidor_inventory.movements.rules import earliest, sellable
from humidor_inventory.movements.transfer_queries import load_over
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.rules import UNATTRIBUTED, Lot
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelf, Shelves, Source
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units

Named = list[tuple[str, str, int]]


class Work(NamedTuple):
    """What is loaded of the store for one piece of work; `kept` is what is reserved, by product."""

    gtin: str
    kit_sticks: int
    wanted: dict[str, int]
    named: Named
    shelves: Shelves
    kept: Mapping[str, int]
    day: date

    def shelf(self, store_id: str, gtin: str) -> Shelf:
        return self.shelves[store_id, gtin]

    def free(self, shelf: Shelf) -> int:
        """Count what may be taken away: what sound lots hold and nobody has reserved."""
        return sellable(shelf.lots, self.day) - self.kept.get(shelf.gtin, 0)


async def assemble(
    conn: Connection, principal: Principal, gtin: str, given: AssembleInput, *, now: datetime
) -> AssemblyView:
    """Make kits of sound components; they expire with the first of these."""
    view = _begin("assemble", principal, gtin, given, now)
    view.lot = given.lot or f"K{view.assembly_id.hex[-12:]}"
    work = await _load(conn, view, given, now)
    parts: list[Part] = []
    for line, (component, sticks) in enumerate(work.wanted.items(), 1):
        shelf = work.shelf(given.store_id, component)
        free = work.free(shelf)
        if free < sticks:
            detail = f"{max(free, 0)} sticks of {component} can be taken, {sticks} are needed."
            raise Problem(409, "not-enough-stock", detail, errors=[FieldError("quantity", "is too much")])
        source = Source("assembly", view.assembly_id, line, now)
        named = [(lot, part) for each, lot, part in work.named if each == component]
        parts += _take(shelf, sticks, named, source, work.day)
    kit = work.shelf(given.store_id, gtin)
    _date(kit.lot(view.lot), parts, now)
    kit.reorder_lots()
    source = Source("assembly", view.assembly_id, 0, now)
    kit.put(view.lot, work.kit_sticks, "kit_made", source)
    kit.settle_shortfall({view.lot}, source)
    return await _book(conn, principal, view, work, parts)


async def disassemble(
    conn: Connection, principal: Principal, gtin: str, given: DisassembleInput, *, now: datetime
) -> AssemblyView:
    """Take kits apart; their components go back to the lots that they came from."""
    view = _begin("disassemble", principal, gtin, given, now)
    view.lot = given.lot
    work = await _load(conn, view, given, now)
    kit = work.shelf(given.store_id, gtin)
    lot = kit.lot(given.lot)
    holds = min(lot.on_hand, work.free(kit)) if lot.sound(work.day) else lot.on_hand
    if lot.held:
        raise Problem(409, "lot-held", f"The lot {lot.lot} is held: it stays as it is.")
    if holds < work.kit_sticks:
        detail = f"{max(holds, 0)} sticks of the lot can be taken, {work.kit_sticks} are needed."
        raise Problem(409, "not-enough-stock", detail, errors=[FieldError("quantity", "is too much")])
    kit.put(lot.lot, -work.kit_sticks, "kit_opened", Source("disassembly", view.assembly_id, 0, now))
    recorded = await queries.lock_parts(conn, gtin, lot.lot)
    parts = take_apart(work.wanted, recorded, work.named, (lot.lot, lot))
    for line, part in enumerate(parts, 1):
        shelf = work.shelf(given.store_id, part.gtin)
        back = shelf.lot(part.lot)
        back.production_date = earliest((back.production_date, part.production_date))
        back.expiry_date = earliest((back.expiry_date, part.expiry_date))
        back.received_at = back.received_at or now
        shelf.reorder_lots()
        source = Source("disassembly", view.assembly_id, line, now)
        shelf.put(part.lot, part.sticks, "kit_part_back", source)
        shelf.settle_shortfall({part.lot}, source)
    return await _book(conn, principal, view, work, parts)


def _begin(
    kind: str, principal: Principal, gtin: str, given: AssembleInput | DisassembleInput, now: datetime
) -> AssemblyView:
    return AssemblyView(
        assembly_id=uuid7(),
        kind="assemble" if kind == "assemble" else "disassemble",
        store_id=given.store_id,
        gtin=gtin,
        lot="",
        kits=given.quantity,
        quantity_sticks=0,
        parts=[],
        note=given.note,
        assembled_at=now,
        assembled_by=principal.subject,
    )


async def _load(
    conn: Connection, view: AssemblyView, given: AssembleInput | DisassembleInput, now: datetime
) -> Work:
    await lock_stores(conn, [view.store_id])
    day = (await load_days(conn, [view.store_id], now))[view.store_id]
    kit = await get_kit(conn, view.gtin)
    await resolve_units(conn, [(f"parts[{i}].", part) for i, part in enumerate(given.parts)])
    factors = await load_factors(conn, [view.gtin, *(component.gtin for component in kit.components)])
    components = components_of(kit, factors)
    if not adds_up(factors[view.gtin].pack, components):
        raise Problem(409, "kit-outdated", "The packaging of its products has changed; set the kit again.")
    wanted = needs(components, view.kits)
    view.quantity_sticks = sticks_of(view.kits, "pack", factors[view.gtin], "quantity")
    named: Named = []
    for i, part in enumerate(given.parts):
        if part.gtin not in wanted:
            raise invalid(f"parts[{i}].gtin", "is no component of this kit")
        sticks = sticks_of(part.quantity, part.unit, factors[part.gtin], f"parts[{i}].quantity")
        named.append((part.gtin, part.lot, sticks))
    if (wrong := misnamed(wanted, named)) is not None:
        raise invalid("parts", f"the lots named of {wrong} add up to other than {wanted[wrong]} sticks")
    pairs = [(view.store_id, gtin) for gtin in (view.gtin, *wanted)]
    lots = [(view.store_id, gtin, lot) for gtin, lot, _ in named] + [(view.store_id, view.gtin, view.lot)]
    parts = await queries.lock_parts(conn, view.gtin, view.lot)
    lots += [(view.store_id, part.gtin, part.lot) for part in parts]
    lots += [(view.store_id, gtin, view.lot) for gtin in wanted]
    shelves = await load_shelves(conn, pairs, set(lots))
    over = await load_over(conn, view.store_id, [gtin for _, gtin in pairs], now)
    kept = {gtin: shelf.reserved - over.get(gtin, 0) for (_, gtin), shelf in shelves.items()}
    return Work(view.gtin, view.quantity_sticks, wanted, named, shelves, kept, day)


def _take(
    shelf: Shelf, sticks: int, named: Sequence[tuple[str, int]], source: Source, day: date
) -> list[Part]:
    """Take from the lots that are named, or from the oldest sound ones."""
    if not named:
        taken = [(take.lot, take.sticks) for take in shelf.take(sticks, day, None, source)]
        return [_part(shelf, code, part) for code, part in taken]
    for code, part in named:
        lot = shelf.lot(code)
        if not lot.sound(day):
            raise Problem(409, "lot-unsound", f"Lot {code} is {'held' if lot.held else 'expired'}.")
        if lot.on_hand < part:
            detail = f"Lot {code} holds {lot.on_hand} sticks, {part} were to be taken."
            raise Problem(409, "not-enough-stock", detail, errors=[FieldError("parts", "is too much")])
        shelf.put(code, -part, "kit_part", source)
    return [_part(shelf, code, part) for code, part in named]


def _part(shelf: Shelf, code: str, sticks: int) -> Part:
    lot = shelf.lot(code)
    return Part(shelf.gtin, code, sticks, lot.production_date, lot.expiry_date)


def _date(lot: Lot, parts: Sequence[Part], now: datetime) -> None:
    """Give the kits' lot the earliest dates of what is in them.

    Raises:
        Problem: 409 `lots-differ` where the books know the lot with other dates, 409 `lot-held`.
    """
    dates = (earliest(part.expiry_date for part in parts), earliest(part.production_date for part in parts))
    if lot.held:
        raise Problem(409, "lot-held", f"The lot {lot.lot} is held: it stays as it is.")
    if lot.received_at is not None and lot.dates[:2] != dates:
        raise Problem(409, "lots-differ", f"The books know lot {lot.lot} with other dates.")
    lot.expiry_date, lot.production_date = dates
    lot.received_at = lot.received_at or now


async def _book(
    conn: Connection, principal: Principal, view: AssemblyView, work: Work, parts: Sequence[Part]
) -> AssemblyView:
    view.parts = [
        PartView(
            gtin=part.gtin,
            lot=part.lot,
            sticks=part.sticks,
            production_date=part.production_date,
            expiry_date=part.expiry_date,
        )
        for part in parts
    ]
    await write_shelves(conn, work.shelves, now=view.assembled_at)
    await queries.change_parts(conn, (view.gtin, view.lot), parts, added=view.kind == "assemble")
    await queries.store_assembly(conn, view)
    touched = [shelf for shelf in work.shelves.values() if shelf.needs_review]
    await review(conn, touched, now=view.assembled_at)
    await audit.record(
        conn,
        principal,
        view.kind,
        "kit",
        f"{view.store_id}/{view.gtin}/{view.lot or UNATTRIBUTED}",
        after=view,
        reason=view.note,
    )
    return view
