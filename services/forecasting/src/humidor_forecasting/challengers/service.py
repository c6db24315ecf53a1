"""Judges forecasts made elsewhere, keeps who chose them, and lets them stand in for ours."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import invalid, not_found
from humidor_forecasting.challengers import queries
from humidor_forecasting.challengers.queries import Pair
from humidor_forecasting.challengers.rules import Terms, Verdict, judge, stand_in
from humidor_forecasting.challengers.schemas import (
    ChallengerView,
    ChampionInput,
    ChampionView,
    PolicyInput,
    VerdictView,
)
from humidor_forecasting.forecasts.issuing import Made


async def get_challenger(conn: Connection, source: str) -> ChallengerView:
    found = await queries.read(conn, source)
    if found is None:
        raise not_found("challenger", source)
    return found


async def put_policy(
    conn: Connection, principal: Principal, source: str, given: PolicyInput, *, if_match: str | None,
    now: datetime,
) -> ChallengerView:  # fmt: skip
    """Say how a source becomes champion.

    Raises:
        Problem: 404 where nothing of the source was imported, 412.
    """
    before = await queries.read(conn, source, lock=True)
    if before is None:
        raise not_found("challenger", source)
    check_match(if_match, before.version)
    await conn.execute(
        """UPDATE challengers SET choose = $2, least_days = $3, better_by = $4, version = version + 1,
                  changed_at = $5, changed_by = $6 WHERE source = $1""",
        source, given.choose, given.least_days, given.better_by, now, principal.subject,
    )  # fmt: skip
    after = await get_challenger(conn, source)
    await audit.record(
        conn, principal, "change", "challenger", source, before=before,
        after=after, reason=given.reason,
    )  # fmt: skip
    return after


async def choose_champion(
    conn: Connection, principal: Principal, pair: Pair, given: ChampionInput, *, now: datetime
) -> ChampionView:
    """Have the forecasts of a source published for a series, from the next run on.

    Raises:
        Problem: 422 where the source says nothing of the series.
    """
    there = await conn.fetchval(
        "SELECT true FROM imported_forecasts WHERE (store_id, gtin, source) = ($1, $2, $3) LIMIT 1",
        *pair, given.source,
    )  # fmt: skip
    if not there:
        raise invalid("source", "has no forecast of this store and product")
    row = await conn.fetchrow(
        """INSERT INTO champions VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (store_id, gtin) DO UPDATE
           SET source = $3, reason = $4, chosen_by = $5, chosen_at = $6 RETURNING *""",
        *pair, given.source, given.reason, principal.subject, now,
    )  # fmt: skip
    view = ChampionView(**dict(row or {}))
    await audit.record(
        conn, principal, "choose", "champion", "/".join(pair), after=view,
        reason=given.reason,
    )  # fmt: skip
    return view


async def drop_champion(conn: Connection, principal: Principal, pair: Pair) -> None:
    """Let our own forecasts be published again."""
    before = await queries.champions_of(conn, [pair])
    if not before:
        raise not_found("champion", "/".join(pair))
    await conn.execute("DELETE FROM champions WHERE (store_id, gtin) = ($1, $2)", *pair)
    await audit.record(
        conn, principal, "drop", "champion", "/".join(pair), before={"source": before[pair][0]}
    )


async def read_verdicts(
    conn: Connection, source: str, pairs: Sequence[Pair], *, now: datetime
) -> list[VerdictView]:
    """Judge these series by what has come true until now."""
    about = await get_challenger(conn, source)
    terms = Terms(about.least_days, about.better_by)
    days = await queries.days(conn, pairs, [source], now=now)
    chosen = await queries.champions_of(conn, pairs)
    found = []
    for pair in pairs:
        verdict = judge(days.get((source, pair), []), terms)
        by_hand = chosen.get(pair, ("", ""))[0] == source
        by_policy = about.choose == "by_verdict" and pair not in chosen and _wins(verdict)
        found.append(_view(pair, verdict, champion=by_hand or by_policy))
    return found


def _wins(verdict: Verdict) -> bool:
    return verdict.winner == "imported" and verdict.trusted


def _view(pair: Pair, verdict: Verdict, *, champion: bool) -> VerdictView:
    said = asdict(verdict)
    return VerdictView(
        store_id=pair[0], gtin=pair[1], champion=champion, imported=said.pop("theirs"), **said
    )  # fmt: skip


async def stand_in_where_chosen(conn: Connection, made: Sequence[Made], *, now: datetime) -> list[Made]:
    """Replace what was made by forecasts made elsewhere, where people or a policy have chosen them."""
    pairs = [(each.given.store_id, each.given.gtin) for each in made]
    chosen = await _chosen(conn, pairs, now=now)
    if not chosen:
        return list(made)
    sources = sorted({source for source, _ in chosen.values()})
    said = await queries.ahead(conn, list(chosen), sources, now=now)
    found = []
    for each, pair in zip(made, pairs, strict=True):
        named = chosen.get(pair)
        theirs = said.get((named[0], pair), {}) if named else {}
        output = (
            stand_in(each.output, each.starts_on, each.given.probabilities, theirs, named) if named else None
        )
        found.append(each if output is None else each._replace(output=output))
    return found


async def _chosen(
    conn: Connection, pairs: Sequence[Pair], *, now: datetime
) -> Mapping[Pair, tuple[str, str]]:
    """Give source and reason by series; of several whose verdict wins, the cheapest."""
    found = dict(await queries.champions_of(conn, pairs))
    policies = {
        row["source"]: Terms(row["least_days"], row["better_by"]) for row in await queries.by_verdict(conn)
    }
    open_ = [pair for pair in pairs if pair not in found]
    best: dict[Pair, float] = {}
    for (source, pair), days in (await queries.days(conn, open_, list(policies), now=now)).items():
        verdict = judge(days, policies[source])
        cost = verdict.theirs.cost if verdict.theirs else 0.0
        if _wins(verdict) and cost < best.get(pair, float("inf")):
            best[pair] = cost
            found[pair] = source, verdict.reasons[0]
    return found
