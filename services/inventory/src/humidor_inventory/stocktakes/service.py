"""Leads a stocktake from round to round up to its approval, and shows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stocktakes import queries
from humidor_inventory.stocktakes.accuracy import AccuracyView, Finding, add_up
from humidor_inventory.stocktakes.counting import record_counts
from humidor_inventory.stocktakes.opening import check_state
from humidor_inventory.stocktakes.queries import Line, Stocktake
from humidor_inventory.stocktakes.rules import Thresholds, Verdict, exceeded, judge, value_of
from humidor_inventory.stocktakes.schemas import (
    MAX_COUNTS,
    ApprovalInput,
    CloseInput,
    CountInput,
    LineView,
    RecountInput,
    StocktakeView,
    ThresholdsInput,
)

_SHOWN = 50
_MANAGERS = frozenset(("manager", "admin"))
_HIDDEN_WHILE_BLIND = ("draft", "counting", "recount")


async def close_round(
    conn: Connection, principal: Principal, stocktake: Stocktake, given: CloseInput, *, now: datetime
) -> None:
    """End the round: what has to be counted again makes a new round, else it comes to review."""
    check_state(stocktake.state, "close")
    lines = await queries.evaluate(conn, stocktake)
    uncounted = [line for line in lines if not line.counts]
    if uncounted and given.uncounted_as_zero and stocktake.state == "counting":
        zeros = [_zero(line) for line in uncounted]
        for i in range(0, len(zeros), MAX_COUNTS):
            part = zeros[i : i + MAX_COUNTS]
            await record_counts(conn, principal, stocktake, part, now=now, source="assumed")
        lines = await queries.evaluate(conn, stocktake)
    elif uncounted:
        errors = [FieldError(f"line {line.line}", _named(line)) for line in uncounted[:_SHOWN]]
        detail = f"{len(uncounted)} lines are not counted yet."
        raise Problem(409, "lines-uncounted", detail, errors=errors)
    again = [line for line, verdict in _judged(stocktake, lines) if verdict.status == "recount"]
    if again:
        await _begin_round(conn, stocktake, again, now)
    else:
        await _set_state(conn, stocktake, "review")
    after = {"state": "recount" if again else "review", "recount_lines": [line.line for line in again]}
    await audit.record(conn, principal, "close", "stocktake", str(stocktake.stocktake_id), after=after)


async def order_recount(
    conn: Connection, principal: Principal, stocktake: Stocktake, given: RecountInput, *, now: datetime
) -> None:
    """Send lines of a stocktake under review back to be counted by somebody else."""
    check_state(stocktake.state, "recount")
    known = {(line.gtin, line.lot): line for line in await queries.evaluate(conn, stocktake)}
    keys = [(each.gtin, each.lot or UNATTRIBUTED) for each in given.lines]
    _require_lines(keys, known)
    await _begin_round(conn, stocktake, [known[key] for key in dict.fromkeys(keys)], now)
    after = {"recount_lines": [known[key].line for key in keys]}
    entity = str(stocktake.stocktake_id)
    await audit.record(conn, principal, "recount", "stocktake", entity, after=after, reason=given.reason)


async def approve(
    conn: Connection, principal: Principal, stocktake: Stocktake, given: ApprovalInput, *, now: datetime
) -> None:
    """Approve the counts: a manager or admin who has counted none of them."""
    await check_approver(conn, principal, stocktake)
    check_state(stocktake.state, "approve")
    lines = await queries.evaluate(conn, stocktake)
    known = {(line.gtin, line.lot): line for line in lines}
    keys = [(each.gtin, each.lot or UNATTRIBUTED) for each in given.reasons]
    _require_lines(keys, known)
    await conn.execute(
        """UPDATE stocktake_lines l SET reason_code = e->>2 FROM jsonb_array_elements($2::jsonb) e
           WHERE l.stocktake_id = $1 AND l.gtin = e->>0 AND l.lot = e->>1""",
        stocktake.stocktake_id,
        [(*key, each.reason_code) for key, each in zip(keys, given.reasons, strict=True)],
    )
    await conn.execute(
        """UPDATE stocktakes SET state = 'approved', approved_by = $2, approved_at = $3
           WHERE stocktake_id = $1""",
        stocktake.stocktake_id,
        principal.subject,
        now,
    )
    after = add_up(_findings(stocktake, lines)).model_dump() | {"reasons": given.model_dump()["reasons"]}
    entity = str(stocktake.stocktake_id)
    await audit.record(conn, principal, "approve", "stocktake", entity, after=after, reason=given.note)


async def cancel(conn: Connection, principal: Principal, stocktake: Stocktake, reason: str) -> None:
    """Give it up; the ledger stays as it is and the products are free again."""
    check_state(stocktake.state, "cancel")
    stocktake_id = stocktake.stocktake_id
    await _set_state(conn, stocktake, "cancelled")
    await conn.execute(
        "UPDATE stocktakes SET cancelled_reason = $2 WHERE stocktake_id = $1", stocktake_id, reason
    )
    await conn.execute("DELETE FROM stocktake_products WHERE stocktake_id = $1", stocktake_id)
    before = {"state": stocktake.state}
    entity = str(stocktake_id)
    await audit.record(conn, principal, "cancel", "stocktake", entity, before=before, reason=reason)


async def check_approver(conn: Connection, principal: Principal, stocktake: Stocktake) -> None:
    """Refuse who is no manager, and who has counted here: four eyes.

    Raises:
        Problem: 403 `manager-needed` or `four-eyes`.
    """
    if not principal.roles & _MANAGERS:
        raise Problem(403, "manager-needed", "A stocktake is approved and posted by a manager or admin.")
    if principal.subject in await queries.counters(conn, stocktake.stocktake_id):
        raise Problem(403, "four-eyes", "You have counted here; somebody else has to approve it.")


async def view(conn: Connection, stocktake_id: UUID, visible: list[str] | None) -> StocktakeView:
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible)
    return show(stocktake.row, await queries.count_lines(conn, stocktake_id))


def show(row: Any, lines: int) -> StocktakeView:
    """Make what callers see of a row."""
    names = set(StocktakeView.model_fields) - {"thresholds", "round", "lines", "started_at"}
    return StocktakeView(
        **{name: row[name] for name in names},
        thresholds=ThresholdsInput(
            packs=row["recount_packs"],
            percent=row["recount_percent"],
            value_minor=row["recount_value_minor"],
        ),
        round=len(row["rounds"]),
        lines=lines,
        started_at=row["rounds"][0] if row["rounds"] else None,
    )


async def list_lines(conn: Connection, stocktake: Stocktake, *, after: int, limit: int) -> list[LineView]:
    """Read a page of lines; a blind count shows no figures before it comes to review."""
    lines = await queries.evaluate(conn, stocktake, page=(after, limit))
    hidden = is_hidden(stocktake)
    return [_view(line, verdict, hidden=hidden) for line, verdict in _judged(stocktake, lines)]


def is_hidden(stocktake: Stocktake) -> bool:
    """Tell whether figures are kept from whoever may still count."""
    return stocktake.blind and stocktake.state in _HIDDEN_WHILE_BLIND


async def measure(conn: Connection, stocktake: Stocktake) -> AccuracyView:
    """Read the accuracy record, or work out what it would be while the stocktake is under review."""
    if stocktake.accuracy is not None:
        kept = AccuracyView(**stocktake.accuracy)
        return kept.model_copy(update={"late_sticks": await queries.late_sticks(conn, stocktake)})
    if stocktake.state not in ("review", "approved"):
        detail = f"The stocktake is {stocktake.state}; its accuracy is known once all is counted."
        raise Problem(409, f"stocktake-{stocktake.state}", detail)
    return add_up(_findings(stocktake, await queries.evaluate(conn, stocktake)))


def _findings(stocktake: Stocktake, lines: Sequence[Line]) -> list[Finding]:
    return [finding(line, stocktake.allowed) for line in lines if line.counts]


def finding(line: Line, allowed: Thresholds) -> Finding:
    """Sum up a counted line for the accuracy record."""
    chosen = judge(line.round, line.counts, line.item, allowed).chosen
    if chosen is None:
        raise ValueError("a line without a count has no finding")
    return Finding(
        chosen.book_sticks,
        chosen.variance,
        not exceeded(chosen, line.item, allowed),
        value_of(chosen.book_sticks, line.item),
        value_of(chosen.variance, line.item),
        line.item.currency,
    )


def _judged(stocktake: Stocktake, lines: Sequence[Line]) -> list[tuple[Line, Verdict]]:
    return [(line, judge(line.round, line.counts, line.item, stocktake.allowed)) for line in lines]


def _view(line: Line, verdict: Verdict, *, hidden: bool) -> LineView:
    chosen = None if hidden else verdict.chosen
    return LineView(
        line=line.line,
        gtin=line.gtin,
        name=line.name,
        lot=line.lot,
        round=line.round,
        status="counted" if hidden and line.counts else verdict.status,
        reasons=[] if hidden else list(verdict.reasons),
        snapshot_sticks=None if hidden else line.snapshot_sticks,
        book_sticks=chosen and chosen.book_sticks,
        counted_sticks=chosen and chosen.counted_sticks,
        variance_sticks=chosen and chosen.variance,
        variance_value=chosen and value_of(chosen.variance, line.item),
        currency=line.item.currency,
        counter=chosen and chosen.counter,
        counted_at=chosen and chosen.counted_at,
        reason_code=line.reason_code,
    )


def _zero(line: Line) -> CountInput:
    return CountInput(count_id=uuid7(), gtin=line.gtin, lot=line.lot or None, quantity=0, unit="stick")


def _named(line: Line) -> str:
    return f"{line.gtin} {line.lot}".rstrip() + " is not counted"


def _require_lines(keys: Sequence[tuple[str, str]], known: dict[tuple[str, str], Line]) -> None:
    unknown = [FieldError(f"{key[0]} {key[1]}".rstrip(), "is no line") for key in keys if key not in known]
    if unknown:
        raise Problem(422, "invalid", "The stocktake has no such line.", errors=unknown[:_SHOWN])


async def _begin_round(conn: Connection, stocktake: Stocktake, lines: Sequence[Line], now: datetime) -> None:
    await conn.execute(
        "UPDATE stocktake_lines SET round = $2 WHERE stocktake_id = $1 AND line = ANY($3::int[])",
        stocktake.stocktake_id,
        stocktake.round + 1,
        [line.line for line in lines],
    )
    await conn.execute(
        "UPDATE stocktakes SET state = 'recount', rounds = rounds || $2::timestamptz WHERE stocktake_id = $1",
        stocktake.stocktake_id,
        now,
    )


async def _set_state(conn: Connection, stocktake: Stocktake, state: str) -> None:
    await conn.execute(
        "UPDATE stocktakes SET state = $2 WHERE stocktake_id = $1", stocktake.stocktake_id, state
    )
