"""Begins, ends and stops campaigns by themselves: by days of stores, budgets, sales and the law."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_customers.campaign_rules import service as law
from humidor_customers.campaign_rules.rules import Rule, keeps_set_price
from humidor_customers.campaigns import queries
from humidor_customers.campaigns.rules.stopping import Look, Outcome, decide, whole_days
from humidor_customers.campaigns.schemas import CampaignView
from humidor_customers.campaigns.service import find, trail
from humidor_customers.campaigns.telling import tell

EVERY_SECONDS = 5.0
AT_ONCE = 50
LOOK_EVERY = timedelta(minutes=10)
"""Often enough for days that begin somewhere, and for a rule that comes into force."""
BEFORE_DAYS = 90
WORKER = Principal(subject="campaigns", kind="system")

_DUE = f"""
SELECT {", ".join(queries.COLUMNS)} FROM campaigns WHERE due_at <= $1
ORDER BY due_at, campaign_id LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - names of ours
# Sticks a day of stores with a till since each campaign began, and of the same in the 90 days before; of
# none whose stores have days that are still to be summed up, which would look like lost sales.
_SALES = f"""
SELECT a.campaign_id, s.before / {BEFORE_DAYS}.0 AS before_a_day, s.since / (a.until - a.since + 1) AS a_day
FROM unnest($1::uuid[], $2::date[], $3::date[]) a(campaign_id, since, until)
CROSS JOIN LATERAL (
    SELECT sum(s.before_sticks)::float8 AS before, coalesce(sum(d.sticks), 0)::float8 AS since
    FROM campaign_stores s JOIN campaigns c USING (campaign_id)
    LEFT JOIN LATERAL (
        SELECT sum(m.sticks) AS sticks
        FROM generate_series(a.since, a.until, interval '1 day') g(day)
        JOIN market_days m ON m.day = g.day::date AND m.store_id = s.store_id AND NOT m.wholesale
        WHERE c.gtins IS NULL OR m.gtin = ANY(c.gtins)) d ON true
    WHERE s.campaign_id = a.campaign_id AND s.part = 'treated' AND s.basis = 'till') s
WHERE NOT EXISTS (SELECT FROM campaign_stores s JOIN market_stores_to_sum USING (store_id)
                  WHERE s.campaign_id = a.campaign_id)
  AND NOT EXISTS (SELECT FROM campaign_stores s JOIN purchase_days_changed d USING (store_id)
                  WHERE s.campaign_id = a.campaign_id AND d.local_day <= a.until)
"""  # noqa: S608 - a constant of ours
Days = Mapping[UUID, tuple[date, date]]
Sales = Mapping[UUID, tuple[float | None, float | None]]


async def keep_campaigns(pool: Pool) -> None:
    """Work until cancelled; several workers take campaigns of their own, and each look stands alone.

    What the law's rules say is taken down before, where this release has other ones.
    """
    taken_down = False

    async def look() -> bool:
        nonlocal taken_down
        if not taken_down:
            async with transaction(pool) as conn:
                await law.take_down_law(conn, now=utc_now())
            taken_down = True
        async with transaction(pool) as conn:
            return await look_at_due(conn, now=utc_now()) == AT_ONCE

    await keep(look, "no campaigns looked at", every_seconds=EVERY_SECONDS)


async def look_at_due(conn: Connection, *, now: datetime) -> int:
    """Look at campaigns that are due, and move those that are to be moved; gives how many it looked at."""
    due = [CampaignView(**row) for row in await conn.fetch(_DUE, now)]
    if not due:
        return 0
    days = await queries.local_days(conn, [each.campaign_id for each in due], now)
    sales = await _sales(conn, due, days)
    rules = await law.rules_of(conn)
    below = await queries.below_set_price(conn, due)
    outcomes = {each.campaign_id: decide(_look(each, days, sales, (rules, below))) for each in due}
    await conn.execute(
        "UPDATE campaigns SET due_at = $2 WHERE campaign_id = ANY($1::uuid[])",
        list(outcomes),
        now + LOOK_EVERY,
    )
    looked = [(each, _after(each, outcomes[each.campaign_id], rules, now)) for each in due]
    moved = [
        (before, after)
        for before, after in looked
        if (before.state, before.keeps_set_price) != (after.state, after.keeps_set_price)
    ]
    if moved:
        await _move(conn, moved, now)
    return len(due)


async def _sales(conn: Connection, due: Sequence[CampaignView], days: Days) -> Sales:
    spans = [
        (each.campaign_id, *span)
        for each in due
        if each.sales_floor_percent is not None
        and (span := whole_days(each.starts_on, days[each.campaign_id][1]))
    ]
    if not spans:
        return {}
    rows = await conn.fetch(_SALES, *map(list, zip(*spans, strict=True)))
    return {row["campaign_id"]: (row["a_day"], row["before_a_day"]) for row in rows}


def _look(campaign: CampaignView, days: Days, sales: Sales, against: tuple[list[Rule], set[UUID]]) -> Look:
    first_today, last_today = days[campaign.campaign_id]
    sticks_a_day, before_a_day = sales.get(campaign.campaign_id, (None, None))
    rules, below = against
    findings = find(rules, campaign, (first_today, first_today), below=campaign.campaign_id in below)
    forbidden = next((each for each in findings if each.severity == "forbidden"), None)
    return Look(
        campaign.state,
        campaign.starts_on,
        campaign.ends_on,
        first_today,
        last_today,
        campaign.budget_minor,
        campaign.spent_minor,
        f"{forbidden.rule_id}: {forbidden.says} ({law.cite(forbidden)})" if forbidden else None,
        campaign.sales_floor_percent,
        sticks_a_day,
        before_a_day,
    )


def _after(campaign: CampaignView, outcome: Outcome, rules: list[Rule], now: datetime) -> CampaignView:
    first = max(campaign.starts_on, now.date())
    update: dict[str, Any] = {
        "state": outcome.state,
        "stop_code": outcome.code,
        "stop_detail": outcome.detail,
        "last_day": outcome.last_day,
        "keeps_set_price": keeps_set_price(rules, campaign.jurisdiction, first, max(first, campaign.ends_on)),
        "version": campaign.version + 1,
        "changed_at": now,
    }
    return campaign.model_copy(update=update)


async def _move(conn: Connection, moved: Sequence[tuple[CampaignView, CampaignView]], now: datetime) -> None:
    changed = [after for _, after in moved]
    await queries.write(conn, changed, now + LOOK_EVERY)
    entries = [
        audit.Entry(_action(before, after), str(after.campaign_id), trail(before), trail(after))
        for before, after in moved
    ]
    await audit.record_many(conn, WORKER, "campaign", entries)
    await tell(conn, changed)


def _action(before: CampaignView, after: CampaignView) -> str:
    return "change" if before.state == after.state else _ACTIONS[after.state]


_ACTIONS = {"running": "begin", "ended": "end", "stopped": "stop", "cancelled": "cancel"}
