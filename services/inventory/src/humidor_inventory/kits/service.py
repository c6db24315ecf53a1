"""Says what kits are made of."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.inputs import check_match, sticks_of
from humidor_inventory.kits import queries
from humidor_inventory.kits.rules import adds_up
from humidor_inventory.kits.schemas import KitInput, KitView
from humidor_inventory.units.queries import change_catalogue, load_factors
from humidor_inventory.units.rules import Factors
from humidor_inventory.units.service import resolve_units


async def get_kit(conn: Connection, gtin: str) -> KitView:
    kit = await queries.load_kit(conn, gtin)
    if kit is None:
        raise not_found("kit", gtin)
    return kit


async def put_kit(
    conn: Connection,
    principal: Principal,
    gtin: str,
    given: KitInput,
    *,
    now: datetime,
    if_match: str | None = None,
) -> KitView:
    """Make or change a kit; while kits are about it stays as it is, because they hold what it says."""
    await change_catalogue(conn)
    before = await queries.load_kit(conn, gtin)
    check_match(if_match, before.version if before else None)
    await resolve_units(
        conn, [(f"components[{i}].", component) for i, component in enumerate(given.components)]
    )
    if before and before.components == given.components:
        return before
    await _check(conn, gtin, given)
    if await queries.kits_about(conn, gtin):
        raise Problem(409, "kit-in-use", "It cannot change while such kits are in stock or on their way.")
    version = before.version + 1 if before else 1
    after = KitView(gtin=gtin, components=given.components, version=version, changed_at=now)
    await queries.store_kit(conn, after)
    await _note(conn, principal, before, after)
    return after


async def delete_kit(conn: Connection, principal: Principal, gtin: str, *, if_match: str | None) -> None:
    """Make it a product like any other; kits that are about stay what they are."""
    await change_catalogue(conn)
    before = await get_kit(conn, gtin)
    check_match(if_match, before.version)
    if await queries.kits_about(conn, gtin):
        raise Problem(409, "kit-in-use", "It cannot go while such kits are in stock or on their way.")
    await queries.delete_kit(conn, gtin)
    await _note(conn, principal, before, None)


def components_of(kit: KitView | KitInput, factors: dict[str, Factors]) -> dict[str, int]:
    """Give the sticks of each product in one kit."""
    return {
        each.gtin: sticks_of(each.quantity, each.unit, factors[each.gtin], f"components[{i}].quantity")
        for i, each in enumerate(kit.components)
    }


async def _check(conn: Connection, gtin: str, given: KitInput) -> None:
    gtins = [component.gtin for component in given.components]
    factors = await load_factors(conn, [gtin, *gtins])
    if gtin not in factors:
        raise invalid("gtin", "there is no such product")
    kits, inside = await queries.nested(conn, gtin, gtins)
    errors = [
        FieldError(f"components[{i}].gtin", message)
        for i, each in enumerate(gtins)
        for message in (
            "there is no such product" if each not in factors else None,
            "is the kit itself" if each == gtin else None,
            "is named twice" if each in gtins[:i] else None,
            "is a kit; kits are made of products that are none" if each in kits else None,
        )
        if message
    ]
    if inside:
        errors.append(FieldError("gtin", "is in another kit; kits are made of products that are none"))
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:50])
    components = components_of(given, factors)
    if not adds_up(factors[gtin].pack, components):
        held = sum(components.values())
        detail = f"add up to {held} sticks, one pack of the kit has {factors[gtin].pack}"
        raise invalid("components", detail)


async def _note(
    conn: Connection, principal: Principal, before: KitView | None, after: KitView | None
) -> None:
    action = "delete" if after is None else "change" if before else "create"
    gtin = after.gtin if after else before.gtin if before else ""
    await audit.record(
        conn,
        principal,
        action,
        "kit",
        gtin,
        before=before,
        after=after,
    )
