"""Rules of how long personal data is kept for a purpose, tried out dry and kept daily."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.ids import uuid7
from humidor_common.privacy.holdings import Purpose
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import not_found

DAILY = "daily"
EVERY = timedelta(days=1)

_CLAIM = """
SELECT run_id FROM retention_runs WHERE done_at IS NULL AND NOT dry_run ORDER BY run_id LIMIT 1
FOR UPDATE SKIP LOCKED
"""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How long what a purpose needs is kept; without `keep_days` for ever. Version 0 is the default."""

    purpose: str
    keeps: str
    keep_days: int | None
    version: int
    changed_at: datetime | None = None
    changed_by: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule did, or would do: `rows` are older than `before`."""

    purpose: str
    keep_days: int
    before: datetime
    rows: int


async def read_rules(conn: Connection, purposes: Sequence[Purpose]) -> list[Rule]:
    """Give the rule of each purpose, what was set or the default."""
    rows = {row["purpose"]: row for row in await conn.fetch("SELECT * FROM retention_rules")}
    return [_rule(purpose, rows.get(purpose.name)) for purpose in purposes]


async def set_rule(  # noqa: PLR0913 - one argument a part of the change
    conn: Connection,
    principal: Principal,
    purpose: Purpose,
    keep_days: int | None,
    *,
    reason: str,
    if_match: str | None,
    now: datetime,
) -> Rule:
    """Set how long something is kept; the daily run goes by it from now on."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7401091))", purpose.name)
    (before,) = await read_rules(conn, [purpose])
    check_match(if_match, before.version)
    row = await conn.fetchrow(
        """INSERT INTO retention_rules (purpose, keep_days, version, changed_at, changed_by)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (purpose) DO UPDATE SET keep_days = $2, version = $3, changed_at = $4, changed_by = $5
           RETURNING *""",
        purpose.name,
        keep_days,
        before.version + 1,
        now,
        principal.subject,
    )
    after = _rule(purpose, row)
    documents = [{"keep_days": each.keep_days} for each in (before, after)]
    await audit.record(
        conn,
        principal,
        "set",
        "retention_rule",
        purpose.name,
        before=documents[0],
        after=documents[1],
        reason=reason,
    )
    return after


async def count_due(conn: Connection, purposes: Sequence[Purpose], *, now: datetime) -> list[Outcome]:
    """Say what the rules would do away with."""
    rules = await read_rules(conn, purposes)
    outcomes = []
    for purpose, rule in zip(purposes, rules, strict=True):
        if rule.keep_days is not None:
            before = now - timedelta(days=rule.keep_days)
            rows = await purpose.due(conn, before)
            outcomes.append(_outcome(rule, rule.keep_days, before, rows))
    return outcomes


async def ask_for_run(
    conn: Connection, purposes: Sequence[Purpose], requested_by: str, *, dry_run: bool, now: datetime
) -> UUID:
    """Note a run: a dry one with what it comes to, any other for the worker to do soon."""
    run_id = uuid7()
    await conn.execute(
        """INSERT INTO retention_runs (run_id, dry_run, requested_at, requested_by, done_at, outcomes)
           VALUES ($1, $2, $3::timestamptz, $4, CASE WHEN $2 THEN $3::timestamptz END, $5)""",
        run_id,
        dry_run,
        now,
        requested_by,
        await count_due(conn, purposes, now=now) if dry_run else [],
    )
    return run_id


async def ask_daily(conn: Connection, *, now: datetime) -> None:
    """Note the run of the day, once, however many workers there are."""
    await conn.execute("SELECT pg_advisory_xact_lock(7401092)")
    last = await conn.fetchval(
        "SELECT max(requested_at) FROM retention_runs WHERE requested_by = $1 AND NOT dry_run", DAILY
    )
    if last is None or last <= now - EVERY:
        await ask_for_run(conn, (), DAILY, dry_run=False, now=now)


async def run_due(pool: Pool, purposes: Sequence[Purpose], *, now: datetime) -> bool:
    """Do what one noted run asks for, a piece a transaction; gives whether there was one.

    A run that is interrupted is done again, by whoever comes next; what is gone is not counted twice.
    """
    async with transaction(pool) as conn:
        run = await conn.fetchrow(_CLAIM)
        if run is None:
            return False
        rules = await read_rules(conn, purposes)
    outcomes = []
    for purpose, rule in zip(purposes, rules, strict=True):
        if rule.keep_days is not None:
            before = now - timedelta(days=rule.keep_days)
            rows = await _expire(pool, purpose, before)
            outcomes.append(_outcome(rule, rule.keep_days, before, rows))
    async with transaction(pool) as conn:
        await conn.execute(
            "UPDATE retention_runs SET done_at = $2, outcomes = $3 WHERE run_id = $1 AND done_at IS NULL",
            run["run_id"],
            now,
            outcomes,
        )
    return True


async def _expire(pool: Pool, purpose: Purpose, before: datetime) -> int:
    rows = 0
    while True:
        async with transaction(pool) as conn:
            done = await purpose.expire(conn, before, purpose.piece_rows)
        rows += done
        if done < purpose.piece_rows:
            return rows


def _rule(purpose: Purpose, row: Any) -> Rule:
    if row is None:
        return Rule(purpose=purpose.name, keeps=purpose.keeps, keep_days=purpose.default_keep_days, version=0)
    return Rule(keeps=purpose.keeps, **row)


def _outcome(rule: Rule, keep_days: int, before: datetime, rows: int) -> Outcome:
    return Outcome(purpose=rule.purpose, keep_days=keep_days, before=before, rows=rows)


def purpose_of(purposes: Sequence[Purpose], name: str) -> Purpose:
    """Find a purpose by its name.

    Raises:
        Problem: 404.
    """
    for purpose in purposes:
        if purpose.name == name:
            return purpose
    raise not_found("purpose", name)
