"""Says to a customer, step by step and with the figures, why it gets what it gets."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args

from pydantic import BaseModel

from humidor_common.sharing_arrays import Rule

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
