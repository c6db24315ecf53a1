"""Registers and changes products."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import latest_date
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ProductChanged, UnitGtin
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.policies.recalculation import lead_times_changed
from humidor_inventory.products import queries
from humidor_inventory.products.rules import changed, number_conflicts, relabelled, repacked
from humidor_inventory.products.schemas import ProductInput, ProductView, TradeItemView
from humidor_inventory.sales.service import apply_parked
from humidor_inventory.units.queries import change_catalogue

_MOVES_LEVELS = ("supplier_id", "lead_time_days", "order_multiple_packs", "shelf_life_days")
# What is not said of these leaves them: sales were counted by the numbers, stock is valued at the cost.
_KEPT = frozenset(("cost_price_per_pack", "unit_gtins"))
_TOLD = frozenset(ProductChanged.__struct_fields__)


class Outcome(NamedTuple):
    """What became of one product; `problem` where it was refused."""

    gtin: str
    status: Literal["created", "changed", "unchanged", "rejected"]
    product: dict[str, Any] | None
    problem: Problem | None = None


async def get_product(conn: Connection, gtin: str) -> ProductView:
    found = await queries.read_products(conn, [gtin])
    if gtin not in found:
        raise not_found("product", gtin)
    return ProductView(**found[gtin])


async def get_trade_item(conn: Connection, gtin: str) -> TradeItemView:
    found = await queries.find_trade_item(conn, gtin)
    if found is None:
        raise not_found("trade item", gtin)
    return found


async def put_products(
    conn: Connection,
    principal: Principal,
    given: Sequence[tuple[str, ProductInput]],
    *,
    now: datetime,
    if_match: str | None = None,
    dry_run: bool = False,
) -> list[Outcome]:
    """Register or change products, tell it, and apply what was sold of them before anyone knew them.

    Each succeeds or is refused by itself. The same again changes nothing. A dry run locks and writes nothing,
    and says what would become of them.
    """
    wanted = {gtin: product.model_dump(exclude={"gtin", "cost_valid_from"}) for gtin, product in given}
    before = await (queries.read_products if dry_run else _lock)(conn, wanted)
    days = {gtin: product.cost_valid_from for gtin, product in given}
    for gtin, product in given:
        for name in _KEPT - product.model_fields_set:
            if gtin in before:
                wanted[gtin][name] = before[gtin][name]
    if if_match is not None:
        for gtin in wanted:
            check_match(if_match, before[gtin]["version"] if gtin in before else None)
    in_use = await queries.products_in_use(conn, _repacked(before, wanted))
    named = {product["supplier_id"] for product in wanted.values() if product["supplier_id"]}
    suppliers = await queries.known_suppliers(conn, named) if named else set()
    conflicts = await _number_conflicts(conn, before, wanted)
    outcomes = [
        _decide(
            gtin,
            product,
            before.get(gtin),
            now,
            _conflict(conflicts.get(gtin))
            or _refusal(gtin, product, in_use, suppliers)
            or _too_early(days[gtin], now),
        )
        for gtin, product in wanted.items()
    ]
    written = [o for o in outcomes if o.product and o.status in ("created", "changed")]
    if written and not dry_run:
        await queries.write_products(conn, [outcome.product for outcome in written if outcome.product])
        labelled = [o.product for o in written if o.product and relabelled(before.get(o.gtin), o.product)]
        if labelled:
            await queries.write_unit_gtins(conn, labelled)
        await outbox.append(conn, [_event(outcome.product) for outcome in written if outcome.product])
        if moved := [o.gtin for o in written if _moves_levels(before.get(o.gtin), o.product)]:
            await lead_times_changed(conn, gtins=moved, now=now)
        await audit.record_many(conn, principal, "product", [_entry(o, before.get(o.gtin)) for o in written])
        new = [outcome.gtin for outcome in written if outcome.status == "created"]
        new += [each["gtin"] for product in labelled for each in product["unit_gtins"]]
        await apply_parked(conn, new, now=now)
    if not dry_run:
        await _write_costs(conn, outcomes, (before, days), now)
    return outcomes


async def _lock(conn: Connection, wanted: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Lock the products; where one is new, re-packed or re-labelled, first of all the whole catalogue."""
    seen = await queries.read_products(conn, wanted)
    exclusive = len(seen) < len(wanted) or bool(_reshaped(seen, wanted))
    if exclusive:
        await change_catalogue(conn)
    before = await queries.read_products(conn, wanted, lock=True)
    if not exclusive and _reshaped(before, wanted):
        raise Problem(409, "changed-meanwhile", "Somebody else has just changed the packaging; try again.")
    return before


def _moves_levels(before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    """Tell whether policies that leave it to the product come out otherwise."""
    if before is None or after is None:
        return False
    return any(before[name] != after[name] for name in _MOVES_LEVELS)


async def _write_costs(
    conn: Connection,
    outcomes: Sequence[Outcome],
    known: tuple[dict[str, dict[str, Any]], dict[str, date | None]],
    now: datetime,
) -> None:
    """Let new cost prices hold from the day that is named with them, or from today on."""
    before, days = known
    costs = []
    for outcome in outcomes:
        if outcome.product and outcome.status != "rejected":
            gtin, cost = outcome.gtin, outcome.product["cost_price_per_pack"]
            unchanged = cost == (before[gtin]["cost_price_per_pack"] if gtin in before else None)
            if days[gtin] or not unchanged:
                costs.append((gtin, days[gtin] or now.date(), cost))
    if costs:
        await queries.write_costs(conn, costs, now)


def _too_early(valid_from: date | None, now: datetime) -> Problem | None:
    if valid_from and valid_from > latest_date(now):
        return invalid("cost_valid_from", "is in the future")
    return None


def _repacked(before: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> list[str]:
    return [gtin for gtin, product in wanted.items() if gtin in before and repacked(before[gtin], product)]


def _reshaped(before: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> list[str]:
    return _repacked(before, wanted) + [
        gtin for gtin, product in wanted.items() if relabelled(before.get(gtin), product)
    ]


async def _number_conflicts(
    conn: Connection, before: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]
) -> dict[str, str]:
    numbers = {each["gtin"] for product in wanted.values() for each in product["unit_gtins"]}
    numbers.update(gtin for gtin in wanted if gtin not in before)
    if not numbers:
        return {}
    products, owners = await queries.known_numbers(conn, numbers)
    return number_conflicts(wanted, products, owners)


def _conflict(number: str | None) -> Problem | None:
    if number is None:
        return None
    detail = f"The GTIN {number} stands for another product or unit already."
    return Problem(409, "gtin-in-use", detail, errors=[FieldError("unit_gtins", f"{number} is in use")])


def _refusal(gtin: str, product: dict[str, Any], in_use: set[str], suppliers: set[str]) -> Problem | None:
    if gtin in in_use:
        detail = "The packaging cannot change while stock, orders or levels of the product are about."
        return Problem(409, "factors-in-use", detail, errors=[FieldError("sticks_per_pack", "is in use")])
    if product["supplier_id"] and product["supplier_id"] not in suppliers:
        return invalid("supplier_id", "there is no such supplier")
    return None


def _decide(
    gtin: str,
    product: dict[str, Any],
    before: dict[str, Any] | None,
    now: datetime,
    refusal: Problem | None,
) -> Outcome:
    if refusal:
        return Outcome(gtin, "rejected", None, refusal)
    if before and not changed(before, product):
        return Outcome(gtin, "unchanged", before)
    version = before["version"] + 1 if before else 1
    after = {"gtin": gtin, **product, "version": version, "changed_at": now}
    return Outcome(gtin, "changed" if before else "created", after)


def _event(product: dict[str, Any]) -> ProductChanged:
    told = {name: value for name, value in product.items() if name in _TOLD}
    return ProductChanged(**told | {"unit_gtins": [UnitGtin(**each) for each in product["unit_gtins"]]})


def _entry(outcome: Outcome, before: dict[str, Any] | None) -> audit.Entry:
    return audit.Entry("create" if before is None else "change", outcome.gtin, before, outcome.product)
