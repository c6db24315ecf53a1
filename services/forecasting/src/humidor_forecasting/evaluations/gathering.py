"""Gathers what is recorded of a promotion's stores, and of others, into the input of its evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from humidor_common.db.pool import Connection
from humidor_forecasting.evaluations import rules, statements
from humidor_forecasting.evaluations.queries import Job
from humidor_forecasting.evaluations.rules import Promoted, Span
from humidor_forecasting.runs.gathering import calendar_between
from humidor_forecasting.runs.rules import Recorded, known_columns
from humidor_forecasting.uplift.work import EvaluationInput, Role, StoreDays


@dataclass(frozen=True)
class Defaults:
    """What settings say where the terms of an evaluation do not."""

    after_days: int
    margin_percent: float | None


@dataclass(frozen=True)
class Scope:
    """Which promotion, which days, and what part each store plays."""

    promoted: Promoted
    span: Span
    roles: Mapping[str, Role]


@dataclass(frozen=True)
class Gathered:
    """The promotion, and the input, or the code of why nothing can be told."""

    promoted: Promoted | None
    given: EvaluationInput | None
    refusal: str | None = None


async def gather(conn: Connection, job: Job, defaults: Defaults, *, now: datetime) -> Gathered:
    """Read what the evaluation rests on, or why there is nothing to evaluate."""
    row = await conn.fetchrow(statements.SUBJECT, job.promotion_id)
    if row is None:
        return Gathered(None, None, "cancelled")
    promoted = whole = Promoted(**row)
    if variant := job.terms.get("variant"):
        promoted = rules.only(whole, variant["name"], set(variant["store_ids"]))
    found = await conn.fetchrow(statements.TREATED, promoted.store_ids, promoted.gtins, now)
    treated, until = (found["stores"] or [], found["until"]) if found else ([], None)
    refusal = rules.refusal(promoted, treated, until)
    if refusal or until is None or found is None:
        return Gathered(promoted, None, refusal or "no-stores")
    wanted = job.terms["after_days"]
    after_days = defaults.after_days if wanted is None else wanted
    span = rules.span_of(promoted, until, job.terms["before_days"], after_days)
    others = await _others(conn, whole, span)
    roles = rules.roles_of(treated[: statements.MOST_TREATED], promoted.holdout_store_ids, others)
    given = await _input(conn, Scope(promoted, span, roles), job, defaults, now=now)
    beside = {"after_wanted": after_days, "running": promoted.ends_on > until, "sampled": found["more"]}
    return Gathered(promoted, msgspec.structs.replace(given, **beside))


async def _input(
    conn: Connection, scope: Scope, job: Job, defaults: Defaults, *, now: datetime
) -> EvaluationInput:
    promoted, span, roles = scope.promoted, scope.span, scope.roles
    stores, others_price = await _stores(conn, promoted, roles, span, now)
    treated = [each for each in stores if each.role == "treated"]
    early = rules.before_start(treated, span)
    days = span.starts_on, span.ends_on
    prices = await conn.fetch(statements.PRICES, list(roles), promoted.gtins, span.first, *days)
    others = await conn.fetch(
        statements.OTHER_PROMOTIONS, [s.store_id for s in treated], promoted.gtins, *days, job.promotion_id
    )
    first = span.first + timedelta(days=early)
    return EvaluationInput(
        promotion_id=promoted.promotion_id,
        probability=job.terms["probability"],
        methods=job.terms["methods"],
        first_ordinal=first.toordinal(),
        starts=span.place(span.starts_on) - early,
        ends=span.place(span.ends_on) - early,
        after_wanted=0,
        stores=[rules.shorten(each, early) for each in stores],
        calendar=_calendar(first, span),
        money=rules.money_of(
            promoted, [row for row in prices if roles[row["store_id"]] == "treated"], others_price,
            margin_percent=_first(job.terms["margin_percent"], defaults.margin_percent),
            cost_minor=job.terms["cost_minor"],
        ),
        moved_prices=rules.moved_prices(promoted, prices, roles),
        other_promotions=[row[0] for row in others],
    )  # fmt: skip


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


async def _others(conn: Connection, promoted: Promoted, span: Span) -> list[str]:
    """Name stores that merely had no promotion; there are none beside one of every store."""
    if promoted.store_ids is None:
        return []
    named = [*promoted.store_ids, *promoted.holdout_store_ids]
    days = span.starts_on, span.ends_on
    rows = await conn.fetch(statements.CANDIDATES, named, promoted.gtins, *days, promoted.promotion_id)
    return [row[0] for row in rows]


async def _stores(
    conn: Connection, promoted: Promoted, roles: Mapping[str, Role], span: Span, now: datetime
) -> tuple[list[StoreDays], float | None]:
    """Give the days of each store that sold anything in them, and what others' goods cost in treated ones."""
    brands = [row[0] for row in await conn.fetch(statements.BRANDS, promoted.gtins or [])]
    rows = await conn.fetch(
        statements.DAYS, sorted(roles), promoted.gtins, brands, span.first, span.until, span.starts_on
    )
    outs: dict[str, list[tuple[date, date]]] = {}
    for store_id, first, last in await conn.fetch(
        statements.STOCK_OUTS, sorted(roles), promoted.gtins or [], now
    ):
        outs.setdefault(store_id, []).append((first, last))
    prices = [
        row["others_price"]
        for row in rows
        if roles[row["store_id"]] == "treated" and row["others_price"] is not None
    ]
    days = [
        rules.store_days(roles[row["store_id"]], row, span, outs.get(row["store_id"], ())) for row in rows
    ]
    return sorted(days, key=lambda each: each.store_id), sum(prices) / len(prices) if prices else None


def _calendar(first: date, span: Span) -> dict[str, list[float]]:
    """Give holidays and the weeks about the lunar new year, where there were such days before it."""
    known = (span.starts_on - first).days
    if known < 1:
        return {}
    calendar = calendar_between(first, span.until)
    before = span.starts_on - timedelta(days=1)
    recorded = Recorded("", "", first, before, [], [], [])
    return known_columns(recorded, (span.until - before).days, [], calendar)
