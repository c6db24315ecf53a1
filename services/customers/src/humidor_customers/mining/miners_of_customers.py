"""What runs about customers find: switching, affinities, cohorts and recommendations."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np

from humidor_customers.hearing import Heard, counted, part
from humidor_customers.mining.gathering import Lines, Read
from humidor_customers.mining.miners import Found, Row
from humidor_customers.mining.rules import affinity, recommending
from humidor_customers.mining.rules.affinity import Enough, Purchases, slots_of
from humidor_customers.mining.rules.baskets import Ints, encode
from humidor_customers.mining.rules.cohorts import retain
from humidor_customers.mining.rules.recommending import Bought, Measured, Model
from humidor_customers.mining.rules.significance import wilson
from humidor_customers.mining.rules.slots import slot_names
from humidor_customers.mining.rules.switching import Lines as BrandLines
from humidor_customers.mining.rules.switching import count_switches, main_brands
from humidor_customers.mining.schemas import Affinities, Cohorts, Recommendations, Scope, Switching


def find_switching(read: Read, _asked: Switching, heard: Heard) -> Found:
    rows, summary = _switching(read.lines, heard)
    return Found(rows, summary, "nobody-bought-again")


def _switching(lines: Lines, heard: Heard) -> tuple[list[Row], Row]:
    occasions, brands = main_brands(BrandLines(lines.documents, lines.items, lines.sticks, lines.values))
    owners = np.zeros(int(lines.documents.max(initial=-1)) + 1, np.int64)
    owners[lines.documents] = lines.parties
    heard(0.5)
    found = count_switches(owners[occasions], brands, len(lines.item_names))
    names, total = lines.item_names, found.total
    every = zip(*(column.tolist() for column in found), strict=True)
    rows = []
    for origin, target, count, customers, out, into, net, p_value, q_value in counted(
        every, len(found.counts), part(heard, 0.9, 1.0)
    ):
        expected = out * into / total
        row = {"origin": names[origin], "target": names[target], "count": count, "customers": customers}
        row |= {"origin_count": out, "target_count": into, "share": count / out, "expected": expected}
        row |= {"index": count / expected, "net": net}
        rows.append(row | {"p_value": _finite(p_value), "q_value": _finite(q_value)})
    repeated = sum(row["count"] for row in rows if row["origin"] == row["target"])
    return rows, {"transitions": total, "repeat_rate": repeated / total if total else None}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def find_affinities(read: Read, asked: Affinities, heard: Heard) -> Found:
    rows, summary = _affinities(read, asked, heard)
    return Found(rows, summary, "nothing-significant" if summary["tests"] else "too-few-purchases")


def _groups(lines: Lines, group: str, places: dict[str, str]) -> tuple[Ints, list[str | None]]:
    if group == "customer":
        return lines.parties, list(lines.party_names)
    if group == "store":
        return lines.stores, list(lines.store_names)
    if group == "all":
        return np.zeros(len(lines.items), np.int64), ["all"]
    codes, names = encode([places.get(store) for store in lines.store_names])
    return codes[lines.stores] if len(codes) else np.zeros(0, np.int64), names


def _affinities(read: Read, asked: Affinities, heard: Heard) -> tuple[list[Row], Row]:
    lines = read.lines
    groups, group_names = _groups(lines, asked.group, read.places)
    slots = slots_of(lines.hours, (lines.days - 1) % 7, asked.slot)
    names = slot_names(asked.slot)
    purchases = Purchases(groups, lines.items, slots, lines.parties)
    enough = Enough(asked.purchases, asked.customers)
    found = affinity.find_affinities(purchases, len(names), enough, part(heard, 0.0, 0.9))
    every = zip(*(column.tolist() for column in found), strict=True)
    rows = []
    for group, key, slot, count, of_key, of_slot, of_group, customers, p_value, q_value in counted(
        every, len(found.counts), part(heard, 0.9, 1.0)
    ):
        expected = of_key * of_slot / of_group
        significant = q_value <= asked.false_discovery_rate
        if asked.only_significant and not significant:
            continue
        row = {"group": group_names[group], "key": lines.item_names[key], "slot": names[slot]}
        row |= {"count": count, "expected": expected, "lift": count / expected, "customers": customers}
        row |= {"key_count": of_key, "slot_count": of_slot, "group_count": of_group}
        row |= _customer(group_names[group], asked) if asked.group == "customer" else {}
        row |= {"share_in_slot": count / of_key, "share_of_group": of_slot / of_group}
        rows.append(row | {"p_value": p_value, "q_value": q_value, "significant": significant})
    return rows, {"tests": len(found.counts), "significant": sum(row["significant"] for row in rows)}


def find_cohorts(read: Read, asked: Cohorts, heard: Heard) -> Found:
    rows = list(_cohorts(read.lines, asked, heard))
    ended = _last_ended(asked) >= _period(asked.since, asked.period)
    return Found(rows, {}, "nobody-began" if ended else "no-period-has-ended")


def _cohorts(lines: Lines, asked: Cohorts, heard: Heard) -> Iterator[Row]:
    days, day_of = np.unique(lines.days, return_inverse=True)
    numbers = [_period(date.fromordinal(day), asked.period) for day in days.tolist()]
    periods = np.array(numbers, np.int64)[day_of]
    heard(0.3)
    last, first = _last_ended(asked), _period(asked.since, asked.period)
    found = retain(lines.parties, periods, last, first, part(heard, 0.3, 1.0))
    for cohort, offset, size, active in zip(*(column.tolist() for column in found), strict=True):
        low, high = wilson(active, size) or (0.0, 1.0)
        begin = _begin(cohort, asked.period).isoformat()
        row = {"cohort": begin, "offset": offset, "size": size, "active": active}
        yield row | {"retention": active / size, "low": low, "high": high}


def _last_ended(asked: Cohorts) -> int:
    return _period(asked.until + timedelta(days=1), asked.period) - 1


def _period(day: date, period: str) -> int:
    if period == "week":
        return (day.toordinal() - 1) // 7
    months = day.year * 12 + day.month - 1
    return months if period == "month" else months // 3


def _begin(number: int, period: str) -> date:
    if period == "week":
        return date.fromordinal(number * 7 + 1)
    months = number if period == "month" else number * 3
    return date(months // 12, months % 12 + 1, 1)


def find_recommendations(read: Read, asked: Recommendations, heard: Heard) -> Found:
    if not len(read.lines.items):
        return Found([], {}, "no-purchases")
    rows, summary = _recommendations(read.lines, asked, heard)
    return Found(rows, summary, "everything-bought-already")


def _recommendations(lines: Lines, asked: Recommendations, heard: Heard) -> tuple[list[Row], Row]:
    """Try on the last days a model of the days before them; then recommend by all days."""
    until = (asked.until - timedelta(days=asked.test_days)).toordinal()
    before = lines.days <= until
    sizes = len(lines.party_names), len(lines.item_names)
    trained = Model(Bought(lines.parties[before], lines.items[before]), *sizes)
    later = Bought(lines.parties[~before], lines.items[~before])
    tried = _tried(later, len(lines.party_names))
    measured = recommending.evaluate(trained, later, asked.most, part(heard, 0.0, tried))
    popular = measured is None or measured.low is None or measured.low <= 0
    model = Model(Bought(lines.parties, lines.items), *sizes)
    rows = [
        {
            **_customer(lines.party_names[each.customer], asked),
            "rank": each.rank,
            "key": lines.item_names[each.product],
            "score": each.score,
            "because": lines.item_names[each.because] if each.because >= 0 else None,
        }
        for each in recommending.recommend(model, asked.most, popular=popular, heard=part(heard, tried, 1.0))
    ]
    trained_until = date.fromordinal(until).isoformat()
    return rows, {"method": "popularity" if popular else "likeness", "trained_until": trained_until} | _told(
        measured, asked.most
    )


def _tried(later: Bought, customers: int) -> float:
    """Give the share of all lists that are made to try the model: two for whoever buys in the last days."""
    lists = 2 * len(np.unique(later.customers))
    return lists / (lists + customers)


def _customer(name: str | None, asked: Scope) -> dict[str, Any]:
    """Name the customer that a row is about, so that it can be found and forgotten."""
    return {"customer_id": name, "customer_kind": "retailer" if asked.level == "wholesale" else "consumer"}


def _told(measured: Measured | None, most: int) -> dict[str, Any]:
    if measured is None:
        return {"evaluation": None, "evaluation_reason": "nobody-bought-something-new"}
    told: dict[str, Any] = {"evaluation": {"at": most, **measured._asdict()}}
    return told if measured.low is not None else told | {"evaluation_reason": "too-few-customers"}
