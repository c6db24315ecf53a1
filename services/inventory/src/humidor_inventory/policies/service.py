"""Calculates policies, stores them and sets the levels that follow."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.levels.schemas import LevelItem
from humidor_inventory.levels.service import set_levels
from humidor_inventory.policies import queries
from humidor_inventory.policies.amounts import DemandInput
from humidor_inventory.policies.prepare import NOTHING, Known, answer
from humidor_inventory.policies.rules.explain import Impossible
from humidor_inventory.policies.schemas import (
    PolicyAnswer,
    PolicyInput,
    PolicyRow,
    PolicyView,
    StoredPolicyInput,
)
from humidor_inventory.policies.sources import load_told
from humidor_inventory.policies.told import Told
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.units.rules import Factors

Key = tuple[str, str]
MOST_ERRORS = 50
MOST_MULTIPLE = 1_000_000


async def calculate_policies(items: Sequence[PolicyInput]) -> list[PolicyAnswer]:
    """Calculate all or none, beside the event loop.

    Raises:
        Problem: 422 naming the fields that no answer exists for.
    """
    return await asyncio.to_thread(_calculate, items)


def _calculate(items: Sequence[PolicyInput]) -> list[PolicyAnswer]:
    answers: list[PolicyAnswer] = []
    errors: list[FieldError] = []
    for i, item in enumerate(items):
        try:
            answers.append(answer(item, NOTHING))
        except Impossible as problem:
            errors.append(FieldError(f"items[{i}].{problem.field}", problem.message))
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:MOST_ERRORS])
    return answers


async def get_policy(conn: Connection, key: Key) -> PolicyView:
    row = await conn.fetchrow(queries.READ + "WHERE store_id = $1 AND gtin = $2", *key)
    if row is None:
        raise not_found("policy", "/".join(key))
    return PolicyView(**row)


async def list_policies(
    conn: Connection,
    visible: list[str] | None,
    filters: tuple[str | None, str | None],
    *,
    after: Key,
    limit: int,
) -> list[PolicyRow]:
    rows = await conn.fetch(queries.LIST, *after, visible, *filters, limit)
    return [PolicyRow(**row) for row in rows]


async def put_policy(
    conn: Connection,
    principal: Principal,
    policy: tuple[Key, StoredPolicyInput],
    *,
    if_match: str | None,
    now: datetime,
) -> PolicyView:
    """Store a policy and set its level, which alert, suggestion and automatic order follow at once."""
    key, given = policy
    known = (await load_known(conn, [(key, given.demand)], now=now)).get(key)
    if known is None:
        raise invalid("gtin", "there is no such product")
    try:
        check_automatic(given)
        found = await asyncio.to_thread(answer, given, known)
        level = level_of(key, given, found)
    except Impossible as problem:
        raise invalid(problem.field, problem.message) from problem
    await lock_stores(conn, [key[0]])
    row = await conn.fetchrow(queries.READ + "WHERE store_id = $1 AND gtin = $2", *key)
    before = PolicyView(**row) if row else None
    check_match(if_match, before.version if before else None)
    await set_levels(conn, principal, [level], now=now)
    parameters = given.model_dump(mode="json", exclude_defaults=True)
    version = before.version + 1 if before else 1
    origin = known.told.origin if known.told else None
    found_json = found.model_dump(mode="json")
    source = given.demand.source
    await conn.execute(queries.WRITE, *key, parameters, found_json, version, now, source, origin)
    await _note(conn, principal, "set", key, before, parameters)
    return await get_policy(conn, key)


async def delete_policy(conn: Connection, principal: Principal, key: Key, *, if_match: str | None) -> None:
    """Forget a policy; the level stays as it is."""
    await lock_stores(conn, [key[0]])
    before = await get_policy(conn, key)
    check_match(if_match, before.version)
    await conn.execute("DELETE FROM policies WHERE store_id = $1 AND gtin = $2", *key)
    await _note(conn, principal, "delete", key, before, None)


def check_automatic(given: StoredPolicyInput) -> None:
    """Refuse orders by themselves where the policy orders on its days only: every sale would order.

    Raises:
        Impossible: Naming `auto_approve`.
    """
    if given.auto_approve and given.policy in {"R_S", "newsvendor"}:
        raise Impossible("auto_approve", f"{given.policy} orders on its days only, not after every sale")


def level_of(key: Key, given: StoredPolicyInput, found: PolicyAnswer) -> LevelItem:
    """Make the level that a policy's answer sets.

    Raises:
        Impossible: It orders more at once than a level can.
    """
    if found.level.order_multiple > MOST_MULTIPLE:
        raise Impossible("order_quantity", f"a level orders in multiples of at most {MOST_MULTIPLE:,}")
    return LevelItem(
        store_id=key[0],
        gtin=key[1],
        unit=found.unit,
        auto_approve=given.auto_approve,
        supply_cap=given.supply_cap,
        cap_days=ceil(given.review_days) if given.supply_cap else 0,
        review_days=ceil(given.review_days),
        demand_per_day=next(step.value for step in found.steps if step.name == "demand_per_day"),
        **found.level.model_dump(),
    )


async def load_known(
    conn: Connection, asked: Sequence[tuple[Key, DemandInput]], *, now: datetime
) -> dict[Key, Known]:
    """Load what products and suppliers say of lead time, multiple and shelf life; demand by its source."""
    rows = await conn.fetch(queries.KNOWN, sorted({gtin for (_, gtin), _ in asked}))
    products = {row["gtin"]: row for row in rows}
    told = await load_told(conn, asked, now=now)
    return {key: _known(products[key[1]], told.get(key)) for key, _ in asked if key[1] in products}


def _known(row: Any, told: Told | None) -> Known:
    return Known(
        told=told,
        lead_time_days=row["lead_time_days"],
        lead_time_sd_days=row["lead_time_sd_days"],
        order_multiple_packs=row["order_multiple_packs"],
        shelf_life_days=row["shelf_life_days"],
        factors=Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"]),
    )


async def _note(
    conn: Connection,
    principal: Principal,
    action: str,
    key: Key,
    before: PolicyView | None,
    after: dict[str, Any] | None,
) -> None:
    told = before and before.parameters.model_dump(mode="json", exclude_defaults=True)
    await audit.record(conn, principal, action, "policy", "/".join(key), before=told, after=after)
