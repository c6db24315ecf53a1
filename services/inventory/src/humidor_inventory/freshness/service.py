"""Keeps the rules of freshness, and records which lots were picked and why others than suggested."""

from collections.abc import Mapping
from datetime import date, datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.freshness import queries
from humidor_inventory.freshness.rules import follows, suggest
from humidor_inventory.freshness.schemas import PickedLot, PickInput, PickView, RuleInput, RuleView
from humidor_inventory.inputs import sticks_of
from humidor_inventory.stock.rules import Lot
from humidor_inventory.stock.service import load_shelves
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.rules import Factors
from humidor_inventory.units.service import resolve_units


async def put_rule(
    conn: Connection, principal: Principal, brand: str | None, given: RuleInput, *, now: datetime
) -> RuleView:
    """Set how old goods of a brand may become; without a brand, of every brand that has no rule."""
    before = await queries.load_rule(conn, brand)
    view = RuleView(brand=brand, **given.model_dump(), changed_at=now, changed_by=principal.subject)
    await queries.store_rule(conn, view)
    await _note(conn, principal, ("change" if before else "create", brand), before, view)
    return view


async def delete_rule(conn: Connection, principal: Principal, brand: str | None) -> None:
    """Go back to the default; where there is no such rule, that is so already."""
    before = await queries.load_rule(conn, brand)
    if before is not None:
        await queries.delete_rule(conn, brand)
        await _note(conn, principal, ("delete", brand), before, None)


async def pick(conn: Connection, principal: Principal, given: PickInput, *, now: datetime) -> PickView:
    """Suggest by FEFO from the sound lots, or record what somebody picked instead and why."""
    day = (await load_days(conn, [given.store_id], now))[given.store_id]
    await resolve_units(conn, [("", given)])
    factors = await load_factors(conn, [given.gtin])
    if given.gtin not in factors:
        raise invalid("gtin", "there is no such product")
    pair = (given.store_id, given.gtin)
    lots = {lot.lot: lot for lot in (await load_shelves(conn, [pair]))[pair].lots}
    sticks = sticks_of(given.quantity, given.unit, factors[given.gtin], "quantity")
    suggested = suggest(lots.values(), sticks, day)
    chosen = suggested if given.lots is None else _chosen(given, factors[given.gtin], lots, day)
    overridden = not follows(suggested, chosen)
    if overridden and given.reason is None:
        raise invalid("reason", "is needed where other lots are picked than suggested")
    view = PickView(
        pick_id=uuid7(),
        store_id=given.store_id,
        gtin=given.gtin,
        quantity_sticks=sticks,
        suggested=_parts(suggested, lots),
        chosen=_parts(chosen, lots),
        overridden=overridden,
        short_sticks=sticks - sum(chosen.values()),
        reason=given.reason,
        reference=given.reference,
        picked_at=now,
        picked_by=principal.subject,
    )
    await queries.store_pick(conn, view)
    document = view.model_dump(mode="json")
    entity_id = str(view.pick_id)
    await audit.record(conn, principal, "pick", "pick", entity_id, after=document, reason=given.reason)
    return view


def _chosen(given: PickInput, factors: Factors, lots: Mapping[str, Lot], day: date) -> dict[str, int]:
    """Check what a person chose: what may not be sold is not picked, whatever the reason."""
    chosen: dict[str, int] = {}
    for i, part in enumerate(given.lots or ()):
        lot = lots.get(part.lot, Lot(part.lot))
        field = f"lots[{i}]"
        sticks = sticks_of(part.quantity, given.unit, factors, f"{field}.quantity")
        if lot.on_hand < sticks:
            detail = f"Lot {part.lot} holds {max(lot.on_hand, 0)} sticks, {sticks} were to be picked."
            raise Problem(409, "not-enough-stock", detail, errors=[FieldError(field, "is too much")])
        if not lot.sound(day):
            what = "held" if lot.held else "expired"
            detail = f"Lot {part.lot} is {what} and may not be sold."
            raise Problem(409, "lot-unsound", detail, errors=[FieldError(field, f"is {what}")])
        chosen[part.lot] = sticks
    return chosen


def _parts(picks: Mapping[str, int], lots: Mapping[str, Lot]) -> list[PickedLot]:
    return [
        PickedLot(lot=lot, sticks=sticks, expiry_date=lots[lot].expiry_date) for lot, sticks in picks.items()
    ]


async def _note(
    conn: Connection,
    principal: Principal,
    what: tuple[str, str | None],
    before: RuleView | None,
    after: RuleView | None,
) -> None:
    action, brand = what
    await audit.record(
        conn,
        principal,
        action,
        "freshness_rule",
        brand or "default",
        before=before,
        after=after,
    )
