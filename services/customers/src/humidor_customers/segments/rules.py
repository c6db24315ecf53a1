"""The rule language of segments: conditions on fields of profiles and scores, joined by all, any and not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from humidor_customers.profiles.rules import PASSIVE, PROMOTER, PartyKind

Kind: TypeAlias = Literal["number", "text"]

MOST_CONDITIONS = 50
MOST_DEPTH = 6
OPERATORS: dict[str, str] = {
    "is": "=",
    "is_not": "<>",
    "at_least": ">=",
    "at_most": "<=",
    "in": "= ANY",
    "known": "IS NOT NULL",
}


class Field(NamedTuple):
    """A field: its kind, how it is written in SQL, and which model or kind of customer it needs."""

    kind: Kind
    sql: str
    model: str | None = None
    party_kind: PartyKind | None = None


_PROFILE_NUMBERS = (
    "purchases",
    "purchases_year",
    "returns_year",
    "active_days",
    "spend_minor",
    "spend_year_minor",
    "sticks_year",
    "basket_sticks",
    "basket_minor",
    "basket_lines",
    "gap_days",
    "favourite_brand_share",
    "price_sensitivity",
    "satisfaction",
    "usual_hour",
    "usual_weekday",
    "contacts_year",
    "recommendation",
)
_PROFILE_TEXTS = (
    *("lifecycle", "channel", "store_id", "currency", "favourite_brand", "favourite_price_class"),
    *("stated_brand", "stated_price_class"),
)
_PROMOTERS = (
    f"(CASE WHEN p.recommendation >= {PROMOTER} THEN 'promoter' WHEN p.recommendation >= {PASSIVE}"
    " THEN 'passive' WHEN p.recommendation IS NOT NULL THEN 'detractor' END)"
)
_RETAILER_TEXTS = (
    "business_format",
    "market_type",
    "trade_area",
    "sales_line",
    "compliance_grade",
)

FIELDS: Mapping[str, Field] = {
    **{name: Field("number", f"p.{name}") for name in _PROFILE_NUMBERS},
    **{name: Field("text", f"p.{name}") for name in _PROFILE_TEXTS},
    **{name: Field("text", f"r.{name}", party_kind="retailer") for name in _RETAILER_TEXTS},
    "promoter_group": Field("text", _PROMOTERS),
    "recency_days": Field("number", "greatest(current_date - p.last_on, 0)"),
    "days_since_first": Field("number", "greatest(current_date - p.first_on, 0)"),
    "value_segment": Field("text", "rfm.label", "rfm"),
    "recency_score": Field("number", "rfm.figures[1]", "rfm"),
    "frequency_score": Field("number", "rfm.figures[2]", "rfm"),
    "money_score": Field("number", "rfm.figures[3]", "rfm"),
    "lifetime_value_minor": Field("number", "lifetime.score", "lifetime"),
    "alive": Field("number", "lifetime.figures[1]", "lifetime"),
    "expected_purchases": Field("number", "lifetime.figures[2]", "lifetime"),
    "churn_risk": Field("number", "churn.score", "churn"),
    "churn_band": Field("text", "churn.label", "churn"),
    "potential": Field("number", "potential.score", "potential"),
    "potential_tenth": Field("text", "potential.label", "potential"),
    "cluster": Field("text", "clusters.label", "clusters"),
}
Rule: TypeAlias = Mapping[str, Any]
# Neither NUL nor half a character, which no database takes.
_TEXT = re.compile(r"[^\x00\ud800-\udfff]*")


class BadRule(ValueError):  # noqa: N818 - reads as what it is
    """A rule that cannot be meant; `place` names the part, such as `rule.all[1].field`."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(why)
        self.place = place
        self.why = why


class Condition(NamedTuple):
    """One condition as it was checked: field, operator and value."""

    field: str
    operator: str
    value: Any


def check(rule: Rule, party_kind: PartyKind) -> list[Condition]:
    """Check a rule and give its conditions in their order.

    Example:
        `{"all": [{"field": "lifecycle", "in": ["cooling", "dormant"]},
                  {"not": {"field": "spend_year_minor", "at_most": 100000}}]}`

    Raises:
        BadRule: It names no field or operator, the value does not fit, or there is too much of it.
    """
    found = list(_walk(rule, party_kind, "rule", 1))
    if len(found) > MOST_CONDITIONS:
        raise BadRule("rule", f"has more than {MOST_CONDITIONS} conditions")
    return found


def _walk(rule: Any, party_kind: PartyKind, place: str, depth: int) -> Iterator[Condition]:
    if not isinstance(rule, Mapping):
        raise BadRule(place, "is an object: all, any, not, or a field with its condition")
    if depth > MOST_DEPTH:
        raise BadRule(place, f"goes deeper than {MOST_DEPTH} levels")
    joined = [name for name in ("all", "any", "not") if name in rule]
    if not joined:
        yield _condition(rule, party_kind, place)
        return
    if len(rule) > 1:
        raise BadRule(place, f"has something beside {joined[0]!r}")
    word = joined[0]
    if word == "not":
        yield from _walk(rule["not"], party_kind, f"{place}.not", depth + 1)
        return
    parts = rule[word]
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_CONDITIONS:
        raise BadRule(f"{place}.{word}", f"is a list of 1 to {MOST_CONDITIONS} rules")
    for n, part in enumerate(parts):
        yield from _walk(part, party_kind, f"{place}.{word}[{n}]", depth + 1)


def _condition(rule: Rule, party_kind: PartyKind, place: str) -> Condition:
    name = rule.get("field")
    field = FIELDS.get(name) if isinstance(name, str) else None
    if field is None or name is None:
        raise BadRule(f"{place}.field", "is none of the fields (`GET /v1/segments/fields`)")
    if field.party_kind not in (None, party_kind):
        raise BadRule(f"{place}.field", f"{name} is a field of a {field.party_kind} alone")
    words = [word for word in rule if word != "field"]
    if len(words) != 1 or words[0] not in OPERATORS:
        raise BadRule(place, f"has one of {', '.join(OPERATORS)}")
    word = words[0]
    if field.kind == "text" and word in ("at_least", "at_most"):
        raise BadRule(f"{place}.{word}", f"{name} is text, which is not more or less")
    return Condition(name, word, _value(rule[word], word, field.kind, f"{place}.{word}"))


def _value(value: Any, word: str, kind: Kind, place: str) -> Any:
    if word == "known":
        if not isinstance(value, bool):
            raise BadRule(place, "is true or false")
        return value
    if word == "in":
        if not isinstance(value, list) or not 1 <= len(value) <= 1000:
            raise BadRule(place, "is a list of 1 to 1000 values")
        return [_one(each, kind, f"{place}[{n}]") for n, each in enumerate(value)]
    return _one(value, kind, place)


def _one(value: Any, kind: Kind, place: str) -> float | str:
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e18:
            raise BadRule(place, "is a number")
        return float(value)
    if not isinstance(value, str) or len(value) > 200 or not _TEXT.fullmatch(value):
        raise BadRule(place, "is text of at most 200 characters")
    return value


def models_of(conditions: list[Condition]) -> list[str]:
    """Name the models whose scores a rule needs."""
    return sorted({model for each in conditions if (model := FIELDS[each.field].model)})
