"""Decides what of a campaign the law forbids, and what a person has to look at."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias

Severity: TypeAlias = Literal["forbidden", "review"]
Kind: TypeAlias = Literal[
    "display", "service", "training", "trade_terms", "price", "gift", "sampling", "push"
]
Audience: TypeAlias = Literal["retailers", "consumers"]
Channel: TypeAlias = Literal[
    "in_store",
    "visit",
    "trade_message",
    "online",
    "mass_media",
    "public_place",
    "public_transport",
    "outdoor",
]
Mechanic: TypeAlias = Literal[
    "discount", "rebate", "free_sample", "gift", "prize_draw", "coupon", "points", "advice", "fixture"
]
AdultCheck: TypeAlias = Literal["none", "visual", "id_seen"]
Jurisdiction: TypeAlias = Literal["CN", "US", "EU"]

CONSUMER_KINDS: frozenset[Kind] = frozenset({"price", "gift", "sampling", "push"})
"""What is done to consumers alone: called a campaign for retailers it would pass by the law's rules."""

_ONE_OF = ("kind", "audience", "channel", "adult_check")


class Facts(NamedTuple):
    """What rules look at of a campaign; `cheaper` where somebody pays less by it.

    `below_set_price` is whether a pack would cost less than the price that the catalogue sets for it; a
    percentage is not, because tills hold it at that price where a rule asks for it.
    """

    kind: str
    audience: str
    channel: str
    mechanics: frozenset[str]
    adult_check: str
    discount_percent: float | None
    price_per_pack: int | None
    below_set_price: bool = False

    @property
    def cheaper(self) -> bool:
        return (
            bool(self.discount_percent)
            or self.price_per_pack is not None
            or not self.mechanics.isdisjoint({"discount", "rebate"})
        )


class Rule(NamedTuple):
    """A rule with its source; `conditions` all have to hold, a list where one of its values does."""

    rule_id: str
    jurisdiction: str
    severity: Severity
    field: str
    conditions: Mapping[str, Any]
    law: str
    article: str | None
    source: str | None
    says: str
    in_force_since: date
    in_force_until: date | None = None

    @property
    def keeps_set_price(self) -> bool:
        """Tell whether it forbids to sell below the set price."""
        return self.severity == "forbidden" and self.conditions.get("below_set_price") is True

    def in_force(self, first: date, last: date) -> bool:
        """Tell whether it is in force on one of these days, its own both included."""
        return self.in_force_since <= last and (self.in_force_until is None or first <= self.in_force_until)


def read_rules(text: str) -> list[Rule]:
    """Read rules as they stand in the package's TOML document."""
    return [
        Rule(
            rule_id=each["id"],
            jurisdiction=each["jurisdiction"],
            severity=each["severity"],
            field=each["field"],
            conditions=each["when"],
            law=each["law"],
            article=each.get("article"),
            source=each.get("source"),
            says=each["says"],
            in_force_since=each["in_force_since"],
            in_force_until=each.get("in_force_until"),
        )
        for each in tomllib.loads(text)["rule"]
    ]


def meets(conditions: Mapping[str, Any], facts: Facts) -> bool:
    """Tell whether every condition holds of a campaign; no condition holds of all."""
    for name, wanted in conditions.items():
        if name == "discount":
            holds = facts.cheaper is wanted
        elif name == "below_set_price":
            holds = facts.below_set_price is wanted
        elif name == "discount_above_percent":
            holds = (facts.discount_percent or 0) > wanted
        elif name == "mechanics":
            holds = not facts.mechanics.isdisjoint(wanted)
        elif name in _ONE_OF:
            holds = getattr(facts, name) in wanted
        else:
            raise ValueError(f"no condition {name!r}")
        if not holds:
            return False
    return True


def judge(
    rules: Iterable[Rule], facts: Facts, jurisdiction: str, day: date, first: date | None = None
) -> list[Rule]:
    """Name the rules in force from `first` to `day` that meet a campaign, the forbidden first, then by id.

    Without `first` the day alone counts.
    """
    found = [
        each
        for each in rules
        if each.jurisdiction == jurisdiction
        and each.in_force(min(first or day, day), day)
        and meets(each.conditions, facts)
    ]
    return sorted(found, key=lambda each: (each.severity, each.rule_id))


def keeps_set_price(rules: Iterable[Rule], jurisdiction: str, first: date, last: date) -> bool:
    """Tell whether a rule of the jurisdiction forbids, on one of these days, to sell below the set price."""
    return any(
        each.jurisdiction == jurisdiction and each.keeps_set_price and each.in_force(first, last)
        for each in rules
    )
