"""Scores customers by a scheme, and puts the tiers of a scoring in force."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import TierChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, not_found
from humidor_customers.tiers import queries
from humidor_customers.tiers.queries import Measured
from humidor_customers.tiers.rules import Bounds, Cut, bound_level, levels_of, percentile_ranks, weigh
from humidor_customers.tiers.schemas import (
    MeasuredView,
    SchemeView,
    ScoreView,
    ScoringInput,
    ScoringView,
    TierView,
)
from humidor_customers.tiers.service import get_scheme, lock_scheme

_E4 = 10_000
Scored: TypeAlias = tuple[str, int, int, dict[str, Any]]


async def get_scoring(conn: Connection, scoring_id: UUID) -> ScoringView:
    found = await queries.read_scoring(conn, scoring_id)
    if found is None:
        raise not_found("scoring", scoring_id)
    return found


Calculate: TypeAlias = Callable[..., Awaitable[Any]]


async def score_customers(
    conn: Connection,
    principal: Principal,
    scheme_id: UUID,
    period: ScoringInput,
    *,
    now: datetime,
    calculate: Calculate | None = None,
) -> ScoringView:
    """Score all active customers by the figures of a period; nobody's tier changes yet.

    Jobs let it `calculate` elsewhere.

    Raises:
        Problem: 404; 409 `scheme-state` unless the scheme is locked or published, `nobody-to-score`.
    """
    scheme = await get_scheme(conn, scheme_id)
    if scheme.state not in ("locked", "published"):
        raise Problem(409, "scheme-state", f"A scheme that is {scheme.state} scores nobody; lock it first.")
    customers = await queries.read_figures(conn, scheme, (period.starts_on, period.ends_on))
    if not customers:
        raise Problem(409, "nobody-to-score", "There is no active customer.")
    scoring_id = uuid7()
    scored: list[Scored] = (
        await calculate(_score, scheme, customers, period)
        if calculate is not None
        else _score(scheme, customers, period)
    )
    by_tier = [0] * scheme.tiers
    for _, _, tier, _ in scored:
        by_tier[tier - 1] += 1
    scoring = ScoringView(
        scoring_id=scoring_id,
        scheme_id=scheme_id,
        **period.model_dump(),
        state="calculated",
        customers=len(scored),
        customers_by_tier=by_tier,
        calculated_at=now,
        calculated_by=principal.subject,
        published_at=None,
        published_by=None,
    )
    await queries.write_scoring(conn, scoring, scored)
    after = scoring.model_dump(mode="json")
    await audit.record(conn, principal, "score", "tier_scoring", str(scoring_id), after=after)
    return scoring


def _score(scheme: SchemeView, customers: Sequence[Measured], period: ScoringInput) -> list[Scored]:
    """Give customer, score, tier and what it came of."""
    names = [each.measure for each in scheme.measures]
    columns = dict(zip(names, zip(*(each.values for each in customers), strict=True), strict=True))
    ranks = {name: percentile_ranks(values) for name, values in columns.items()}
    scores = weigh(ranks, {each.measure: each.weight for each in scheme.measures})
    levels = levels_of(scores, _cut(scheme))
    bounds = Bounds(
        scheme.newcomer_tier and scheme.level_of(scheme.newcomer_tier),
        {grade: scheme.level_of(tier) for grade, tier in scheme.grade_tiers.items()},
    )
    since = period.ends_on - timedelta(days=scheme.newcomer_days)
    found = []
    for place, each in enumerate(customers):
        newcomer = scheme.newcomer_days > 0 and each.created_at.date() > since
        level = levels[place]
        held = bound_level(level, bounds, newcomer=newcomer, grade=each.compliance_grade)
        by = list(_bounded(level, bounds, newcomer=newcomer, grade=each.compliance_grade))
        inputs = {"level": level, "bounded_by": by, "values": list(each.values)}
        inputs["ranks"] = [ranks[name][place] for name in names]
        found.append((each.retailer_id, scores[place], scheme.level_of(held), inputs))
    return found


def _cut(scheme: SchemeView) -> Cut:
    minimums = scheme.minimum_scores
    scores = None if minimums is None else [round(each * _E4) for each in minimums]
    return Cut(scheme.tiers, scheme.shares_bp, scores)


def _bounded(level: int, bounds: Bounds, *, newcomer: bool, grade: str | None) -> Iterator[str]:
    if bound_level(level, bounds, newcomer=newcomer, grade=None) < level:
        yield "newcomer"
    if bound_level(level, bounds, newcomer=False, grade=grade) < level:
        yield "compliance_grade"


def score_view(scheme: SchemeView, row: asyncpg.Record) -> ScoreView:
    inputs: Mapping[str, Any] = row["inputs"]
    parts = zip(scheme.measures, inputs["values"], inputs["ranks"], strict=True)
    return ScoreView(
        retailer_id=row["retailer_id"],
        score=row["score_e4"] / _E4,
        tier=row["tier"],
        level=inputs["level"],
        bounded_by=inputs["bounded_by"],
        measures=[
            MeasuredView(measure=each.measure, value=value, rank=rank / _E4, weight=each.weight)
            for each, value, rank in parts
        ],
    )


async def publish_scoring(
    conn: Connection, principal: Principal, scoring_id: UUID, *, reason: str, now: datetime
) -> ScoringView:
    """Give customers the tiers of a scoring, and tell of those that changed; overrides end unless they stay.

    Raises:
        Problem: 404; 409 `scheme-state` unless its scheme is in force, `scoring-published`,
            `later-scoring` where one of a later period is published already, `strategy-by-former` where a
            cycle is still supplied by the tiers of the number before.
    """
    scoring = await get_scoring(conn, scoring_id)
    scheme = await lock_scheme(conn, scoring.scheme_id)
    scoring = await get_scoring(conn, scoring_id)
    await _check(conn, scheme, scoring, now)
    before = await queries.read_tiers(conn, scheme.code)
    await queries.take_over(conn, scheme, scoring_id, now)
    after = await queries.read_tiers(conn, scheme.code)
    changed = [each for each in after.values() if each.scoring_id == scoring_id]
    await outbox.append(conn, list(_told(changed, before)))
    ended = [
        audit.Entry("end_override", f"{scheme.code}/{name}", _trail(tier), _trail(after[name]))
        for name, tier in before.items()
        if tier.override_tier is not None and after[name].override_tier is None
    ]
    await audit.record_many(conn, principal, "customer_tier", ended, reason=reason)
    await queries.mark_published(conn, scoring, principal.subject, now)
    done = await get_scoring(conn, scoring_id)
    await audit.record(
        conn,
        principal,
        "publish",
        "tier_scoring",
        str(scoring_id),
        before=scoring,
        after=done,
        reason=reason,
    )
    return done


async def _check(conn: Connection, scheme: SchemeView, scoring: ScoringView, now: datetime) -> None:
    if scheme.state != "published":
        raise Problem(409, "scheme-state", f"The scheme is {scheme.state}; publish it first.")
    if scoring.state == "published":
        raise Problem(409, "scoring-published", "The scoring is published already.")
    if later := await queries.later_scoring(conn, scoring):
        raise Problem(409, "later-scoring", f"{later} of a later period is published already.")
    if cycle := await queries.strategy_by_former(conn, scheme, now):
        detail = f"Cycle {cycle} is supplied by the tiers of a former number; publish a strategy by this one."
        raise Problem(409, "strategy-by-former", detail)


def _told(changed: Sequence[TierView], before: Mapping[str, TierView]) -> Iterator[TierChanged]:
    for each in changed:
        former = before.get(each.retailer_id)
        if former is None or former.tier != each.tier or former.scheme_id != each.scheme_id:
            yield tier_changed(each, former.tier if former else None)


def tier_changed(tier: TierView, before: int | None) -> TierChanged:
    return TierChanged(
        tier_id=f"{tier.scheme_code}/{tier.retailer_id}",
        retailer_id=tier.retailer_id,
        scheme_code=tier.scheme_code,
        scheme_id=tier.scheme_id,
        tier=tier.tier,
        before=before,
        overridden=tier.override_tier is not None,
        since=tier.since,
        version=tier.version,
    )


def _trail(tier: TierView) -> dict[str, Any]:
    return tier.model_dump(mode="json")
