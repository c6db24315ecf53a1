"""Keeps strategies of supply: drafts with their lines, and the one that is published for a cycle."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import StrategyPublished
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_customers.allocation import queries
from humidor_customers.allocation.schemas import LineInput, NewStrategy, Publication, StrategyView
from humidor_customers.retailers.schemas import Format, MarketType
from humidor_customers.tiers import queries as tiers

_MOST_ERRORS = 50
_CHOICES = {"market_type": get_args(MarketType), "business_format": get_args(Format)}


async def get_strategy(conn: Connection, strategy_id: UUID) -> StrategyView:
    return StrategyView(**await _read(conn, strategy_id))


async def _read(conn: Connection, strategy_id: UUID) -> dict[str, Any]:
    found = await queries.read(conn, strategy_id)
    if found is None:
        raise not_found("strategy", strategy_id)
    return found


async def lock_strategy(conn: Connection, strategy_id: UUID) -> StrategyView:
    """Lock the strategies of a cycle by one of them, and read it."""
    cycle_id = (await _read(conn, strategy_id))["cycle_id"]
    await queries.lock_cycle(conn, cycle_id)
    return await get_strategy(conn, strategy_id)


async def create_strategy(
    conn: Connection, principal: Principal, new: NewStrategy, *, now: datetime
) -> StrategyView:
    """Draft a strategy; a cycle may have several drafts.

    Raises:
        Problem: 422 for a cycle that is not known or a code without a scheme in force.
    """
    if not await queries.knows_cycle(conn, new.cycle_id):
        raise invalid("cycle_id", "there is no such order cycle")
    scheme = await tiers.in_force(conn, new.scheme_code)
    if scheme is None:
        raise invalid("scheme_code", "no scheme of this code is in force")
    row = new.model_dump(exclude={"scheme_code"}) | {
        "strategy_id": uuid7(),
        "scheme_id": scheme.scheme_id,
        "state": "draft",
        "lines": 0,
        "version": 1,
        "created_at": now,
        "created_by": principal.subject,
        "changed_at": now,
    }
    await queries.write(conn, row)
    view = await get_strategy(conn, row["strategy_id"])
    await _note(conn, principal, "create", None, view)
    return view


async def put_lines(
    conn: Connection,
    principal: Principal,
    change: tuple[UUID, Sequence[LineInput]],
    *,
    if_match: str | None,
    now: datetime,
) -> StrategyView:
    """Give a draft other lines than it has.

    Raises:
        Problem: 404; 409 `strategy-published`; 412; 422 naming lines that do not fit.
    """
    strategy_id, lines = change
    before = await lock_strategy(conn, strategy_id)
    check_match(if_match, before.version)
    refuse_published(before)
    if errors := await line_errors(conn, before, lines):
        detail = f"{errors[0].field}: {errors[0].message}"
        raise Problem(422, "invalid", detail, errors=errors[:_MOST_ERRORS])
    await queries.replace_lines(conn, strategy_id, [_row(line, before.carton_sticks) for line in lines], now)
    after = await get_strategy(conn, strategy_id)
    await _note(conn, principal, "change_lines", before, after)
    return after


def refuse_published(strategy: StrategyView) -> None:
    if strategy.state != "draft":
        raise Problem(
            409, "strategy-published", f"The strategy is {strategy.state}; draft another for the cycle."
        )


def _row(line: LineInput, carton_sticks: int) -> dict[str, Any]:
    empty = 0 if line.subject == "product" else None
    caps = [empty if cap is None else cap * carton_sticks for cap in line.caps_cartons]
    return line.model_dump(exclude={"caps_cartons"}) | {"caps_sticks": caps}


async def line_errors(
    conn: Connection, strategy: StrategyView, lines: Sequence[LineInput]
) -> list[FieldError]:
    """Say what about lines does not fit the scheme, the customers or each other."""
    named = {each for line in lines if line.mode == "retailer" for each in line.audience}
    unknown = await queries.unknown_retailers(conn, named)
    return [
        FieldError(f"lines[{place}].{field}", message)
        for place, line in enumerate(lines)
        for field, message in _misfits(strategy, line, unknown)
    ] + list(_torn_segments(lines))


def _misfits(strategy: StrategyView, line: LineInput, unknown: set[str]) -> Iterator[tuple[str, str]]:
    if len(line.caps_cartons) not in (1, strategy.tiers):
        yield "caps_cartons", f"has one cap, or one for each of the {strategy.tiers} tiers"
    for each in line.audience:
        if each not in _CHOICES.get(line.mode, line.audience):
            yield "audience", f"{each} is none of {', '.join(_CHOICES[line.mode])}"
        if line.mode == "retailer" and each in unknown:
            yield "audience", f"there is no customer {each}"


def _torn_segments(lines: Sequence[LineInput]) -> Iterator[FieldError]:
    segments: dict[str, set[str]] = defaultdict(set)
    for place, line in enumerate(lines):
        if line.subject == "product" and line.price_segment:
            segments[line.code].add(line.price_segment)
            if len(segments[line.code]) > 1:
                yield FieldError(f"lines[{place}].price_segment", f"{line.code} stands in two segments")


async def publish_strategy(
    conn: Connection, principal: Principal, strategy_id: UUID, given: Publication, *, now: datetime
) -> StrategyView:
    """Let the cycle's orders go by a strategy from now on, and tell it; it supersedes the one before it.

    Raises:
        Problem: 404; 409 `strategy-published`, `strategy-empty`, `scheme-retired` where its tiers are no
            longer in force, `not-simulated`.
    """
    before = await lock_strategy(conn, strategy_id)
    refuse_published(before)
    await _check_publication(conn, before, given)
    former = await queries.published(conn, before.cycle_id)
    if former:
        await queries.become(conn, former["strategy_id"], "superseded", None, now)
        view = await get_strategy(conn, former["strategy_id"])
        await _note(conn, principal, "supersede", StrategyView(**former), view, given.reason)
    await queries.become(conn, strategy_id, "published", principal.subject, now)
    after = await get_strategy(conn, strategy_id)
    told = StrategyPublished(
        **{name: getattr(after, name) for name in ("strategy_id", "cycle_id", "cycle_code", "scheme_id")},
        unlisted=after.unlisted,
        products=await queries.count_products(conn, strategy_id),
        superseded_id=former["strategy_id"] if former else None,
        published_at=now,
    )
    await outbox.append(conn, [told])
    await _note(conn, principal, "publish", before, after, given.reason)
    return after


async def _check_publication(conn: Connection, strategy: StrategyView, given: Publication) -> None:
    if strategy.lines == 0:
        raise Problem(409, "strategy-empty", "The strategy has no line.")
    scheme = await tiers.in_force(conn, strategy.scheme_code)
    if scheme is None or scheme.scheme_id != strategy.scheme_id:
        raise Problem(409, "scheme-retired", "Its tier scheme is not in force any more; draft it anew.")
    if not given.unsimulated and not await queries.was_simulated(conn, strategy):
        raise Problem(
            409,
            "not-simulated",
            "Nobody has simulated the strategy as it now is; `unsimulated` goes without.",
        )


async def _note(
    conn: Connection,
    principal: Principal,
    action: str,
    before: StrategyView | None,
    after: StrategyView,
    reason: str | None = None,
) -> None:
    await audit.record(
        conn,
        principal,
        action,
        "strategy",
        str(after.strategy_id),
        before=before,
        after=after,
        reason=reason,
    )
