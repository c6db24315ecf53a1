"""Turns a rule into SQL: one pass over the profiles of a kind, with the scores that it needs."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from humidor_customers.conditions import Conditions
from humidor_customers.inputs import PartyKind
from humidor_customers.segments.rules import FIELDS, OPERATORS, Rule, check, models_of


def build(
    rule: Rule, party_kind: PartyKind, models: Mapping[str, UUID], *, after: str | None = None
) -> tuple[str, list[Any]]:
    """Give `FROM … WHERE …` over profiles `p`, for a checked rule, and its arguments.

    `models` are those in force; where one is missing, its fields are known of nobody. `after` goes on behind
    an id.
    """
    query = Conditions()
    joins = []
    for name in models_of(check(rule, party_kind)):
        query.arguments.append(models.get(name))
        number = len(query.arguments)
        joins.append(
            f"LEFT JOIN model_scores {name} ON {name}.model_id = ${number} AND {name}.party_id = p.party_id"
        )
    if party_kind == "retailer":
        joins.append("LEFT JOIN retailers r ON r.retailer_id = p.party_id")
    query.where("p.party_kind = ?", party_kind)
    if after is not None:
        query.where("p.party_id > ?", after)
    query.where(_sql(rule, query))
    return f"FROM profiles p {' '.join(joins)} WHERE {query.sql}", query.arguments


def _sql(rule: Rule, query: Conditions, *, denied: bool = False) -> str:
    """Write a rule; what is not known of a customer makes a condition false, and its `not` true.

    Below a `not` that has to be said. Elsewhere it goes without saying, and the planner can then look for
    what a rule asks for in the scores before it joins them.
    """
    if "not" in rule:
        return f"NOT ({_sql(rule['not'], query, denied=True)})"
    for word, joint in (("all", " AND "), ("any", " OR ")):
        if word in rule:
            return joint.join(f"({_sql(part, query, denied=denied)})" for part in rule[word])
    field = FIELDS[rule["field"]]
    (word,) = (name for name in rule if name != "field")
    if word == "known":
        return f"{field.sql} {OPERATORS[word] if rule[word] else 'IS NULL'}"
    query.arguments.append(rule[word])
    kind = "float8" if field.kind == "number" else "text"
    place = f"${len(query.arguments)}::{kind}"
    if word == "in":
        place = f"({place}[])"
    condition = f"{field.sql} {OPERATORS[word]} {place}"
    return f"coalesce({condition}, false)" if denied else condition
