"""Calculates stored policies anew when what they rest on has changed, many at once."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_inventory.levels.schemas import LevelItem, LevelView
from humidor_inventory.levels.service import read_levels, set_levels
from humidor_inventory.policies import queries
from humidor_inventory.policies.prepare import Known, answer
from humidor_inventory.policies.rules.explain import Impossible
from humidor_inventory.policies.schemas import PolicyAnswer, Recalculated, Refused, StoredPolicyInput
from humidor_inventory.policies.service import Key, level_of, load_known
from humidor_inventory.stock.service import lock_stores

BATCH = 1000
_LEVEL = (
    "unit", "reorder_point", "order_up_to", "order_multiple", "minimum_order", "auto_approve", "supply_cap",
    "cap_days", "review_days",
)  # fmt: skip


class Outcome(NamedTuple):
    """What became of some policies: those calculated, those whose level is another now, those refused."""

    calculated: list[Key]
    changed: list[Key]
    refused: list[Refused]


class _Stored(NamedTuple):
    key: Key
    parameters: StoredPolicyInput
    version: int
    calculated_at: datetime


class _Answers(NamedTuple):
    found: dict[Key, PolicyAnswer]
    refused: list[Refused]
    known: dict[Key, Known]

    def origin(self, key: Key) -> dict[str, Any] | None:
        told = self.known[key].told
        return None if told is None else told.origin


async def recalculate_policies(
    conn: Connection, principal: Principal, store_id: str, *, now: datetime
) -> Recalculated:
    """Calculate every policy of a store, for a person, and set the levels that come out otherwise."""
    rows = await conn.fetch("SELECT store_id, gtin FROM policies WHERE store_id = $1 ORDER BY gtin", store_id)
    keys: list[Key] = [(row[0], row[1]) for row in rows]
    done = await recalculate(conn, keys, now=now, principal=principal)
    told = {
        "calculated": len(done.calculated),
        "changed": len(done.changed),
        "refused": len(done.refused),
    }
    await audit.record(conn, principal, "recalculate", "policies", store_id, after=told)
    changed = [gtin for _, gtin in done.changed]
    return Recalculated(
        store_id=store_id, calculated=len(done.calculated), changed=changed, refused=done.refused
    )


async def recalculate(
    conn: Connection, keys: Sequence[Key], *, now: datetime, principal: Principal | None = None
) -> Outcome:
    """Calculate the policies of these stores and products, and set the levels that come out otherwise.

    The stores are locked only for writing: sales go on meanwhile. What somebody else changed or calculated
    meanwhile is calculated once more under the locks, so that of two changes at a time neither is lost. A
    policy that has no answer any more keeps its level and says why.
    """
    stored = await _read(conn, keys)
    answers = await _answer(conn, stored, now)
    await lock_stores(conn, sorted({key[0] for key in keys}))
    written = await _refresh(conn, stored, answers, now)
    refused = answers.refused
    items = _levels(stored, answers, written)
    missed = [key for key in answers.found if key not in written]
    if missed:
        again = await _read(conn, missed)
        late = await _answer(conn, again, now)
        anew = await _refresh(conn, again, late, now)
        items += _levels(again, late, anew)
        written, refused = written | anew, refused + late.refused
    if refused:
        told = [(each.store_id, each.gtin, each.model_dump(mode="json")) for each in refused]
        await conn.execute(queries.REFUSE, told)
    changed = await _set_changed(conn, principal, items, now=now)
    return Outcome(sorted(written), changed, refused)


async def lead_times_changed(
    conn: Connection, *, supplier_ids: Collection[str] = (), gtins: Collection[str] = (), now: datetime
) -> None:
    """Have the policies of these products, and of all products of these suppliers, calculated anew soon.

    It writes a row a product, in the caller's transaction; the worker does the rest in pieces. Call it after
    the lead time is written; it takes no lock that outlives the statement but those of its own rows.
    """
    await conn.execute(queries.ASK, sorted(gtins), sorted(supplier_ids), "lead_time_changed", now)


async def _read(conn: Connection, keys: Sequence[Key]) -> list[_Stored]:
    return [
        _Stored(
            (row["store_id"], row["gtin"]),
            StoredPolicyInput(**row["parameters"]),
            row["version"],
            row["calculated_at"],
        )
        for row in await conn.fetch(queries.READ_PAIRS, keys)
    ]


async def _answer(conn: Connection, stored: Sequence[_Stored], now: datetime) -> _Answers:
    asked = [(policy.key, policy.parameters.demand) for policy in stored]
    known = await load_known(conn, asked, now=now)
    found, refused = await asyncio.to_thread(_calculate, stored, known)
    return _Answers(found, refused, known)


def _calculate(
    stored: Sequence[_Stored], known: Mapping[Key, Known]
) -> tuple[dict[Key, PolicyAnswer], list[Refused]]:
    found: dict[Key, PolicyAnswer] = {}
    refused: list[Refused] = []
    for policy in stored:
        store_id, gtin = policy.key
        try:
            result = answer(policy.parameters, known[policy.key])
            level_of(policy.key, policy.parameters, result)
            found[policy.key] = result
        except Impossible as problem:
            refused.append(
                Refused(store_id=store_id, gtin=gtin, field=problem.field, message=problem.message)
            )
    return found, refused


async def _refresh(conn: Connection, stored: Sequence[_Stored], answers: _Answers, now: datetime) -> set[Key]:
    rows = [
        {
            "store_id": policy.key[0],
            "gtin": policy.key[1],
            "version": policy.version,
            "calculated_at": policy.calculated_at,
            "answer": answers.found[policy.key].model_dump(mode="json"),
            "origin": answers.origin(policy.key),
        }
        for policy in stored
        if policy.key in answers.found
    ]
    return {(row[0], row[1]) for row in await conn.fetch(queries.REFRESH, rows, now)}


def _levels(stored: Sequence[_Stored], answers: _Answers, written: set[Key]) -> list[LevelItem]:
    return [
        level_of(policy.key, policy.parameters, answers.found[policy.key])
        for policy in stored
        if policy.key in written
    ]


async def _set_changed(
    conn: Connection, principal: Principal | None, items: Sequence[LevelItem], *, now: datetime
) -> list[Key]:
    levels = await read_levels(conn, [(item.store_id, item.gtin) for item in items])
    changed = [item for item in items if _figures(item) != _figures(levels.get((item.store_id, item.gtin)))]
    for start in range(0, len(changed), BATCH):
        await set_levels(conn, principal, changed[start : start + BATCH], now=now)
    return [(item.store_id, item.gtin) for item in changed]


def _figures(level: LevelItem | LevelView | None) -> tuple[Any, ...] | None:
    """What makes a level another one; expected demand counts in three digits."""
    if level is None:
        return None
    demand = "" if level.demand_per_day is None else f"{level.demand_per_day:.3g}"
    return (*(getattr(level, name) for name in _LEVEL), demand)


async def follow_forecasts(conn: Connection, keys: Sequence[Key], *, now: datetime) -> Outcome:
    """Calculate those of these policies that name the forecast as their demand and rest on an older one."""
    rows = await conn.fetch(queries.OUTDATED, keys)
    due: list[Key] = [(row[0], row[1]) for row in rows]
    return await recalculate(conn, due, now=now) if due else Outcome([], [], [])
