"""Says to a customer, step by step and with the figures, why it gets what it gets."""

from collections.abc import Iterator, Mapping
from typing import Any

from humidor_common.sharing_arrays import Rule
from humidor_customers.allocation.schemas import ShareView, StepView

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


def explain(row: Mapping[str, Any], rule: Rule, supply: Mapping[str, int], carton_sticks: int) -> ShareView:
    """Explain one share: what was requested, each bound that held it down, how what is short was shared."""
    names = [name for name in ShareView.model_fields if name != "steps"]
    steps = list(_steps(row, rule, supply.get(row["gtin"]), carton_sticks))
    return ShareView(**{name: row[name] for name in names}, steps=steps)


def _steps(row: Mapping[str, Any], rule: Rule, there_is: int | None, carton: int) -> Iterator[StepView]:
    requested, cap, ordered = row["requested_sticks"], row["cap_sticks"], row["ordered_sticks"]
    yield _step(
        "requested",
        "You asked for {requested} cartons.",
        "您的需求为 {requested} 条。",
        carton,
        requested=requested,
    )
    allowed = requested if cap is None else min(requested, cap)
    if cap is not None and cap < requested:
        yield _step(
            "cap",
            "Your tier and area may have {cap} cartons of it at most.",
            "按您的档位和投放对象，本品规上限为 {cap} 条。",
            carton,
            cap=cap,
        )
    if ordered < allowed - allowed % carton:
        yield _step(
            "segment",
            "All products of its price segment together may come to {total} cartons; yours were cut in "
            "proportion, this one to {ordered}.",
            "该价位段合计上限为 {total} 条，各品规按比例削减，本品规为 {ordered} 条。",
            carton,
            total=row["segment_cap_sticks"],
            ordered=ordered,
        )
    if there_is is not None and row["all_ordered_sticks"] > there_is:
        english, chinese = _RULES[rule]
        yield _step(
            "shared",
            f"There are {{supply}} cartons for {{all_ordered}} ordered: {english}.",
            f"本期货源 {{supply}} 条，全部订购 {{all_ordered}} 条：{chinese}。",
            carton,
            supply=there_is,
            all_ordered=row["all_ordered_sticks"],
        )
    yield _step(
        "supplied",
        "You get {supplied} cartons.",
        "实际供应 {supplied} 条。",
        carton,
        supplied=row["supplied_sticks"],
    )


def _step(code: Any, english: str, chinese: str, carton: int, **sticks: int) -> StepView:
    shown = {name: _cartons(value, carton) for name, value in sticks.items()}
    figures = {f"{name}_sticks": value for name, value in sticks.items()}
    return StepView(code=code, text=english.format(**shown), text_zh=chinese.format(**shown), figures=figures)


def _cartons(sticks: int, carton: int) -> str:
    """Write sticks as cartons: 500 of 200 each are 2.5."""
    return f"{sticks / carton:.2f}".rstrip("0").rstrip(".")
