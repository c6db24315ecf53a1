"""What a strategy and its sharing mean for one customer, and why it gets what it gets."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

from pydantic import BaseModel

from humidor_common.db.pool import Connection
from humidor_common.sharing_arrays import Rule
from humidor_common.web.problems import not_found
from humidor_customers.allocation import queries, runs
from humidor_customers.allocation.caps import caps_of
from humidor_customers.allocation.service import get_strategy

Step: TypeAlias = Literal["requested", "cap", "segment", "shared", "supplied"]

_TEXTS: Mapping[Step, tuple[str, str]] = {
    "requested": ("You asked for {requested} cartons.", "您的需求为 {requested} 条。"),
    "cap": (
        "Your tier and area may have {cap} cartons of it at most.",
        "按您的档位和投放对象，本品规上限为 {cap} 条。",
    ),
    "segment": (
        "Products of its segment together may come to {total} cartons; in proportion this one is {ordered}.",
        "该价位段合计上限为 {total} 条，各品规按比例削减，本品规为 {ordered} 条。",
    ),
    "shared": (
        "There are {supply} cartons for {all_ordered} ordered: {how}.",
        "本期货源 {supply} 条，全部订购 {all_ordered} 条：{how}。",
    ),
    "supplied": ("You get {supplied} cartons.", "实际供应 {supplied} 条。"),
}
_RULES: Mapping[Rule, tuple[str, str]] = {
    "proportional": ("everybody gets the same part of what they ordered", "按订购量同比例分配"),
    "priority": (
        "the best tiers are served first, within a tier in proportion",
        "按档位由高到低依次满足，同档同比例",
    ),
    "max_min": (
        "everybody gets up to the same amount as far as they ordered it",
        "人人同量，直至满足各自订购量",
    ),
}


class CapView(BaseModel):
    """What a customer may order of a product in a cycle, in sticks; null is no cap."""

    gtin: str
    price_segment: str | None
    cap_sticks: int | None


class OwnCapsView(BaseModel):
    """What a customer may order in a cycle: of each product, and of each price segment together."""

    cycle_id: UUID
    strategy_id: UUID | None
    unlisted: Literal["free", "refused"]
    products: list[CapView]
    segments: dict[str, int | None]


class StepView(BaseModel):
    """One reason why a customer gets what it gets, in English and Chinese, with its figures."""

    code: Step
    text: str
    text_zh: str
    figures: dict[str, int]


class ShareView(BaseModel):
    """What a customer requested of a product, what caps let through, what was supplied, and why."""

    retailer_id: str
    gtin: str
    requested_sticks: int
    cap_sticks: int | None
    segment_cap_sticks: int | None
    ordered_sticks: int
    supplied_sticks: int
    steps: list[StepView]


async def own_caps(conn: Connection, cycle_id: UUID, retailer_id: str) -> OwnCapsView:
    """Read a customer's caps of a cycle.

    Raises:
        Problem: 404 for a cycle that is not known.
    """
    if not await queries.knows_cycle(conn, cycle_id):
        raise not_found("order cycle", cycle_id)
    caps = await caps_of(conn, cycle_id, [retailer_id])
    return OwnCapsView(
        cycle_id=cycle_id,
        strategy_id=caps.strategy_id,
        unlisted="free" if caps.unlisted is None else "refused",
        products=[
            CapView(gtin=gtin, price_segment=caps.segment_of.get(gtin), cap_sticks=cap)
            for gtin, cap in sorted(caps.products.get(retailer_id, {}).items())
        ],
        segments=dict(caps.segments.get(retailer_id, {})),
    )


async def own_shares(
    conn: Connection, cycle_id: UUID, retailer_id: str, *, after: str, limit: int
) -> list[ShareView]:
    """Explain what a customer gets in a cycle.

    Raises:
        Problem: 404 where the cycle is not shared.
    """
    run = await runs.in_force(conn, cycle_id)
    if run is None or run.rule is None:
        raise not_found("sharing of the cycle", cycle_id)
    strategy = await get_strategy(conn, run.strategy_id)
    rows = await runs.shares_of(conn, run.run_id, [retailer_id], after=after, limit=limit)
    return [explain(dict(row), run.rule, run.supply, strategy.carton_sticks) for row in rows]


def explain(row: Mapping[str, Any], rule: Rule, supply: Mapping[str, int], carton_sticks: int) -> ShareView:
    """Explain one share: what was requested, each bound that held it down, how what is short was shared."""
    names = [name for name in ShareView.model_fields if name != "steps"]
    found = dict(_steps(row, supply.get(row["gtin"]), carton_sticks))
    steps = [_view(code, found[code], rule, carton_sticks) for code in get_args(Step) if code in found]
    return ShareView(**{name: row[name] for name in names}, steps=steps)


def _steps(
    row: Mapping[str, Any], there_is: int | None, carton: int
) -> Iterator[tuple[Step, dict[str, int]]]:
    """Give the steps that counted, each with its figures in sticks."""
    requested, cap, ordered = row["requested_sticks"], row["cap_sticks"], row["ordered_sticks"]
    yield "requested", {"requested": requested}
    if cap is not None and cap < requested:
        yield "cap", {"cap": cap}
    allowed = requested if cap is None else min(requested, cap)
    if ordered < allowed - allowed % carton:
        yield "segment", {"total": row["segment_cap_sticks"], "ordered": ordered}
    if there_is is not None and row["all_ordered_sticks"] > there_is:
        yield "shared", {"supply": there_is, "all_ordered": row["all_ordered_sticks"]}
    yield "supplied", {"supplied": row["supplied_sticks"]}


def _view(code: Step, sticks: Mapping[str, int], rule: Rule, carton: int) -> StepView:
    shown = {name: _cartons(value, carton) for name, value in sticks.items()}
    english, chinese = (
        text.format(**shown, how=how) for text, how in zip(_TEXTS[code], _RULES[rule], strict=True)
    )
    figures = {f"{name}_sticks": value for name, value in sticks.items()}
    return StepView(code=code, text=english, text_zh=chinese, figures=figures)


def _cartons(sticks: int, carton: int) -> str:
    """Write sticks as cartons: 500 of 200 each are 2.5."""
    return f"{sticks / carton:.2f}".rstrip("0").rstrip(".")
