"""What runs about purchases find in what was read, worded as it is told."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from humidor_customers.hearing import Heard, counted, part
from humidor_customers.mining.gathering import Lines, Read
from humidor_customers.mining.rules.associations import Least, derive_rules
from humidor_customers.mining.rules.baskets import Ints, make_baskets
from humidor_customers.mining.rules.itemsets import Limits, count_for, frequent_itemsets
from humidor_customers.mining.rules.sequences import Sequences as Occasions
from humidor_customers.mining.rules.sequences import Span, frequent_sequences
from humidor_customers.mining.rules.significance import false_discovery, upper_tail
from humidor_customers.mining.schemas import Associations, Sequences

Row = dict[str, Any]
LEAST_COUNT = 2
"""What happened once is no pattern, and every set of items of one huge basket would be one."""


class Found(NamedTuple):
    """What a run found, figures about all of it, and why there is no row where there is none."""

    rows: list[Row]
    summary: Row
    empty: str


def find_associations(read: Read, asked: Associations, heard: Heard) -> Found:
    rows, summary = _associations(read.lines, asked, heard)
    return Found(rows, summary, _without_rules(summary))


def _without_rules(summary: Row) -> str:
    if summary["largest_basket"] < 2:
        return "one-item-a-basket"
    return "nothing-confident" if "2" in summary["itemsets"] else "nothing-frequent"


def _associations(lines: Lines, asked: Associations, heard: Heard) -> tuple[list[Row], Row]:
    baskets = make_baskets(lines.documents, lines.items, lines.item_names)
    least = max(count_for(asked.support, baskets.number), LEAST_COUNT)
    levels = frequent_itemsets(baskets, Limits(least, asked.longest), part(heard, 0.0, 0.7))
    rules = derive_rules(
        levels,
        len(baskets.names),
        baskets.number,
        Least(asked.confidence, asked.consequents),
        part(heard, 0.7, 0.8),
    )
    whole = np.full(len(rules.counts), baskets.number)
    p_values = upper_tail(
        rules.counts, whole, rules.consequent_counts, rules.antecedent_counts, part(heard, 0.8, 0.95)
    )
    columns = (
        rules.counts,
        rules.antecedent_counts,
        rules.consequent_counts,
        rules.confidence,
        rules.lift,
        rules.leverage,
        p_values,
        false_discovery(p_values),
    )
    names = (
        "count",
        "antecedent_count",
        "consequent_count",
        "confidence",
        "lift",
        "leverage",
        "p_value",
        "q_value",
    )
    found = []
    figures = zip(*(each.tolist() for each in columns), strict=True)
    every = zip(rules.antecedents, rules.consequents, figures, strict=True)
    for before, after, values in counted(every, len(rules.counts), part(heard, 0.95, 1.0)):
        row = dict(zip(names, values, strict=True))
        row |= {"baskets": baskets.number, "support": row["count"] / baskets.number}
        row |= {"antecedent": _named(before, lines.item_names), "consequent": _named(after, lines.item_names)}
        found.append(row)
    summary = {
        "baskets": baskets.number,
        "min_count": least,
        "largest_basket": int(np.diff(baskets.offsets).max(initial=0)),
        "itemsets": {str(level.items.shape[1]): len(level.counts) for level in levels},
    }
    return found, summary


def _named(codes: Ints, names: list[str]) -> list[str]:
    return [names[code] for code in codes.tolist() if code >= 0]


def find_sequences(read: Read, asked: Sequences, heard: Heard) -> Found:
    least = max(count_for(asked.support, len(read.lines.party_names)), LEAST_COUNT)
    rows = list(_sequences(read.lines, asked, least, heard))
    return Found(rows, {"min_count": least}, "nothing-frequent")


def _sequences(lines: Lines, asked: Sequences, least: int, heard: Heard) -> Iterator[Row]:
    order = np.lexsort((lines.items, lines.documents))
    documents, items = lines.documents[order], lines.items[order]
    first = np.ones(len(documents), bool)
    first[1:] = documents[1:] != documents[:-1]
    starts = np.flatnonzero(first)
    customers = len(lines.party_names)
    occasions = Occasions(
        np.append(starts, len(documents)).astype(np.int64),
        items,
        lines.parties[order][starts],
        lines.days[order][starts],
        len(lines.item_names),
    )
    span = Span(least, asked.longest, asked.most_days)
    for found in frequent_sequences(occasions, span, heard) if customers else ():
        yield {
            "steps": [[lines.item_names[item] for item in step] for step in found.pattern],
            "customers": found.customers,
            "of_customers": customers,
            "support": found.customers / customers,
            "confidence": found.customers / found.before,
        }
