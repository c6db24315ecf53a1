"""Calculates a store's policies anew, after lead times or products have changed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_inventory.levels.schemas import LevelItem, LevelView
from humidor_inventory.levels.service import list_levels, set_levels
from humidor_inventory.policies import queries
from humidor_inventory.policies.prepare import Known, answer
from humidor_inventory.policies.rules.explain import Impossible
from humidor_inventory.policies.schemas import PolicyAnswer, PolicyView, Recalculated, Refused
from humidor_inventory.policies.service import level_of, load_known
from humidor_inventory.stock.service import lock_stores

BATCH = 1000
_LEVEL = ("unit", "reorder_point", "order_up_to", "order_multiple", "minimum_order", "auto_approve")


async def recalculate_policies(
    conn: Connection, principal: Principal, store_id: str, *, now: datetime
) -> Recalculated:
    """Calculate every policy of a store and set the levels that come out otherwise.

    The store is locked only for writing: sales go on meanwhile. A policy that somebody changes meanwhile is
    left to that change, and one that has no answer any more keeps its level and is told.
    """
    rows = await conn.fetch(queries.READ + "WHERE store_id = $1 ORDER BY gtin", store_id)
    policies = [PolicyView(**row) for row in rows]
    known = await load_known(conn, [policy.gtin for policy in policies])
    answers, refused = await asyncio.to_thread(_answers, policies, known)
    await lock_stores(conn, [store_id])
    fresh = [
        {
            "gtin": policy.gtin,
            "version": policy.version,
            "answer": answers[policy.gtin].model_dump(mode="json"),
        }
        for policy in policies
        if policy.gtin in answers
    ]
    written = {row[0] for row in await conn.fetch(queries.REFRESH, fresh, store_id, now)}
    items = [
        level_of((store_id, policy.gtin), policy.parameters, answers[policy.gtin])
        for policy in policies
        if policy.gtin in written
    ]
    changed = await _set_changed(conn, principal, (store_id, items), now=now)
    told = {"calculated": len(written), "changed": len(changed), "refused": len(refused)}
    await audit.record(conn, principal, "recalculate", "policies", store_id, after=told)
    return Recalculated(store_id=store_id, calculated=len(written), changed=changed, refused=refused)


def _answers(
    policies: Sequence[PolicyView], known: Mapping[str, Known]
) -> tuple[dict[str, PolicyAnswer], list[Refused]]:
    answers: dict[str, PolicyAnswer] = {}
    refused: list[Refused] = []
    for policy in policies:
        try:
            found = answer(policy.parameters, known[policy.gtin])
            level_of((policy.store_id, policy.gtin), policy.parameters, found)
            answers[policy.gtin] = found
        except Impossible as problem:
            refused.append(Refused(gtin=policy.gtin, field=problem.field, message=problem.message))
    return answers, refused


async def _set_changed(
    conn: Connection, principal: Principal, wanted: tuple[str, Sequence[LevelItem]], *, now: datetime
) -> list[str]:
    store_id, items = wanted
    levels = await _levels(conn, store_id)
    changed = [item for item in items if _figures(item) != _figures(levels.get(item.gtin))]
    for start in range(0, len(changed), BATCH):
        await set_levels(conn, principal, changed[start : start + BATCH], now=now)
    return [item.gtin for item in changed]


async def _levels(conn: Connection, store_id: str) -> dict[str, LevelView]:
    levels: dict[str, LevelView] = {}
    after = ("", "")
    while page := await list_levels(conn, [store_id], None, after=after, limit=BATCH):
        levels |= {level.gtin: level for level in page}
        after = (store_id, page[-1].gtin)
    return levels


def _figures(level: LevelItem | LevelView | None) -> tuple[Any, ...] | None:
    return None if level is None else tuple(getattr(level, name) for name in _LEVEL)
