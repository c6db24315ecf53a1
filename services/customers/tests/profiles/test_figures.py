"""What lines come to on arrays is what they come to one by one, whatever they are and in whatever order."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.profiles.figures import making
from humidor_customers.profiles.figures.favourites import Goods, Top
from humidor_customers.profiles.figures.lines import ORDER, RETURN, SALE, Codes, Purchases
from humidor_customers.profiles.figures.making import EPOCH, figure

TODAY = date(2026, 11, 27)
MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)
GOODS = {
    "A": Goods("Harbour", "class-2", 20, 2500, "CNY"),
    "B": Goods("Summit", None, 20, None, None),
    "C": Goods("", "class-1", 10, 10**12, "CNY"),
}
_REASONABLE = st.integers(-3, 40)
_ABSURD = st.sampled_from([10**15, 10**18, -(10**15)])


class Row(NamedTuple):
    who: int
    document: tuple[int, int]
    kind: int
    at: int
    hour: int
    store: str
    gtin: str
    currency: str
    sticks: int
    net_minor: int

    @property
    def day(self) -> date:
        return EPOCH + timedelta(days=self.at // 1000)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    found = []
    for n in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from([SALE, SALE, RETURN, ORDER]))
        head = (draw(st.integers(1, 3)), (draw(st.integers(-1, 1)), n), kind)
        at = (TODAY - EPOCH).days * 1000 - draw(st.integers(0, 9)) * 120_000 + draw(st.integers(0, 2))
        place = (at, draw(st.integers(0, 23)), draw(st.sampled_from("PQ")))
        money = draw(st.sampled_from(["CNY", "CNY", "USD"]))
        for _ in range(draw(st.integers(1, 3))):
            sign = -1 if kind == RETURN else 1
            sticks, net = (sign * draw(st.one_of(_REASONABLE, _ABSURD)) for _ in range(2))
            found.append(
                Row(
                    *head,
                    *place,
                    draw(st.sampled_from("ABCD")),
                    money,
                    sticks,
                    net * 124 if abs(net) < 100 else net,
                )
            )
    return draw(st.permutations(found))


def arrays(given_rows: list[Row]) -> Purchases:
    documents: dict[Any, list[Row]] = defaultdict(list)
    for each in given_rows:
        documents[each.document, each.kind].append(each)
    heads = [each[0] for each in documents.values()]
    lines = [each for of_one in documents.values() for each in of_one]

    def of(name: str, of_rows: list[Row] = heads) -> Any:
        return np.array([getattr(each, name) for each in of_rows], dtype=np.int64)

    high, low = np.array([each.document for each in heads], dtype=np.int64).T
    return Purchases(
        who=of("who"),
        kind=of("kind"),
        high=high,
        low=low,
        bought_at=of("at"),
        day=np.array([(each.day - EPOCH).days for each in heads], dtype=np.int64),
        hour=of("hour"),
        store=Codes.read([each.store for each in heads]),
        currency=Codes.read([each.currency for each in heads]),
        size=np.array([len(each) for each in documents.values()], dtype=np.int64),
        sticks=of("sticks", lines),
        net_minor=of("net_minor", lines),
        gtin=Codes.read([each.gtin for each in lines]),
    )


def bounded(value: int) -> int:
    return max(min(value, 9 * 10**18), -9 * 10**18)


def top(weights: dict[str, int]) -> Top | None:
    positive = sorted(((-weight, value) for value, weight in weights.items() if weight > 0))
    if not positive:
        return None
    first = positive[:3]
    return Top(
        [value for _, value in first],
        [-weight for weight, _ in first],
        -sum(weight for weight, _ in positive),
    )


def expected(lines: list[Row]) -> dict[str, Any] | None:
    """Do the same for one customer as one would by hand."""
    documents: dict[Any, list[Row]] = defaultdict(list)
    for each in lines:
        documents[each.document, each.kind].append(each)
    heads = [each[0] for each in documents.values()]
    sold = [each for each in heads if each.kind != RETURN]
    if not sold:
        return None
    newest = min(heads, key=lambda each: (-each.at, each.document))
    own = {key for key, each in documents.items() if each[0].currency == newest.currency}
    year = TODAY - timedelta(days=365)

    def total(name: str, *, since: date = date.min, own_only: bool = True) -> int:
        return sum(
            getattr(each, name)
            for each in lines
            if each.day > since and (not own_only or (each.document, each.kind) in own)
        )

    first = min(each.day for each in sold)
    days = {each.day for each in sold}
    repeats = [
        e.net_minor for e in lines if e.kind != RETURN and (e.document, e.kind) in own and e.day > first
    ]
    weights: dict[str, Counter[str]] = {"brand": Counter(), "class": Counter(), "store": Counter()}
    for each in lines:
        known = GOODS.get(each.gtin)
        if known and known.brand:
            weights["brand"][known.brand] += each.sticks
        if known and known.price_class is not None:
            weights["class"][known.price_class] += each.sticks
    weights["store"].update(each.store for each in sold)
    tops = {name: found for name, each in weights.items() if (found := top(each))}
    priced = [
        (each, known)
        for each in lines
        if each.kind == SALE
        and each.sticks > 0
        and (known := GOODS.get(each.gtin))
        and known.price_minor
        and known.currency == each.currency
    ]
    cheap = sum(
        e.sticks
        for e, k in priced
        if e.net_minor * k.pack_sticks * 1000 < e.sticks * (k.price_minor or 0) * 995
    )
    hours = Counter(each.hour for each in sold)
    return {
        "last_at": MIDNIGHT + timedelta(microseconds=max(each.at for each in sold)),
        "spend_minor": bounded(total("net_minor")),
        "spend_year_minor": bounded(total("net_minor", since=year)),
        "repeat_spend_minor": bounded(sum(repeats)),
        "sticks_year": bounded(total("sticks", since=year, own_only=False)),
        "first_on": first,
        "last_on": max(days),
        "active_days": len(days),
        "purchases": len(sold),
        "purchases_year": sum(each.day > year for each in sold),
        "returns_year": sum(each.kind == RETURN and each.day > year for each in heads),
        "basket_sticks": sum(e.sticks for e in lines if e.kind != RETURN) / len(sold),
        "price_sensitivity": cheap / sum(e.sticks for e, _ in priced) if len(priced) >= 5 else None,
        "usual_hour": min(hours, key=lambda hour: (-hours[hour], hour)),
        "store_id": tops["store"].values[0],
        "currency": newest.currency,
        "channel": {(True, False): "till", (False, True): "order"}.get(
            (any(e.kind == SALE for e in heads), any(e.kind == ORDER for e in heads)), "both"
        ),
        "favourite_brand": tops["brand"].values[0] if "brand" in tops else None,
        "favourite_price_class": tops["class"].values[0] if "class" in tops else None,
        "tops": tops,
        "currencies": len({each.currency for each in heads}),
        "weekday": Counter(each.day.isoweekday() for each in sold),
    }


@settings(max_examples=60)
@given(rows(), st.sampled_from((1, 2, 2_000)))
def test_figures_of_many_at_once_are_those_of_each_by_hand(lines: list[Row], customers: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "AT_ONCE", customers)
        found = figure(arrays(lines), GOODS, TODAY)
    wanted = {
        n: expected([each for each in lines if each.who == n]) for n in sorted({each.who for each in lines})
    }
    assert found["n"] == [n for n, each in wanted.items() if each]
    for place, n in enumerate(found["n"]):
        want = wanted[n]
        assert want is not None
        got = {name: values[place] for name, values in found.items()}
        details = got["details"]
        got |= {name: details[name] for name in ("tops", "currencies")}
        got["weekday"] = Counter({day: count for day, count in enumerate(details["weekdays"], 1) if count})
        assert {name: got[name] for name in want} == want
        assert sum(details["hours"]) == want["purchases"]


def test_nothing_bought_comes_to_nothing() -> None:
    assert figure(arrays([Row(1, (0, 1), RETURN, 0, 0, "P", "A", "CNY", -20, -5)]), GOODS, TODAY)["n"] == []
