"""What purchases come to for each of many customers."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from humidor_customers.arrays import Ints
from humidor_customers.profiles import rules
from humidor_customers.profiles.figures import favourites
from humidor_customers.profiles.figures.favourites import Goods, Top
from humidor_customers.profiles.figures.lines import (
    ORDER,
    SALE,
    Documents,
    Numbers,
    Purchases,
    documents_of,
    order_of,
    starts_of,
)

AT_ONCE = 2_000
"""What so many customers bought stays near the processor while they are figured."""
EPOCH = date(2000, 1, 1)
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)
_SATURDAY = 5
_BIG = 9 * 10**18
_EARLIEST = np.iinfo(np.int64).min

Columns: TypeAlias = dict[str, list[Any]]


class _Days(NamedTuple):
    """By customer: days with purchases, the first and the last, and what those after the first came to."""

    active: Ints
    first: Ints
    last: Ints
    repeats: Numbers


def figure(purchases: Purchases, goods: Mapping[str, Goods], today: date) -> Columns:
    """Give a list a figure, with a place for each customer who bought something; `n` says which.

    Money is in the currency of the newest purchase. Sums are exact and stay within ±9 × 10^18, whatever
    absurd sales they are made of.
    """
    found: Columns = {}
    for part in purchases.parts(AT_ONCE):
        for name, values in _figure(part, goods, today).items():
            found.setdefault(name, []).extend(values)
    return found


def _figure(purchases: Purchases, goods: Mapping[str, Goods], today: date) -> Columns:
    documents = documents_of(purchases)
    buyers = documents.how_many(documents.sold) > 0
    whole = _sums(documents, today) | _times(documents) | _traits(documents, purchases, goods)
    if buyers.all():
        return whole
    places = np.flatnonzero(buyers).tolist()
    return {name: [values[n] for n in places] for name, values in whole.items()}


def _sums(d: Documents, today: date) -> Columns:
    recent = d.day > (today - EPOCH).days - rules.YEAR_DAYS
    purchases = d.how_many(d.sold)
    return {
        "n": d.who[d.starts].tolist(),
        "spend_minor": _whole(d.sums(d.net_minor, d.own)),
        "spend_year_minor": _whole(d.sums(d.net_minor, d.own & recent)),
        "sticks_year": _whole(d.sums(d.sticks, recent)),
        "purchases": purchases.tolist(),
        "purchases_year": d.how_many(d.sold & recent).tolist(),
        "returns_year": d.how_many(~d.sold & recent).tolist(),
        "basket_sticks": _means(d.sums(d.sticks, d.sold), purchases),
        "basket_minor": _means(d.sums(d.net_minor, d.sold & d.own), d.how_many(d.sold & d.own)),
        "basket_lines": _means(d.sums(d.lines, d.sold), purchases),
    }


def _times(d: Documents) -> Columns:
    days = _days(d)
    last_at = np.maximum.reduceat(np.where(d.sold, d.bought_at, _EARLIEST), d.starts)
    known = np.maximum(last_at, d.bought_at.min())
    return {
        "last_at": [_MIDNIGHT + timedelta(microseconds=each) for each in known.tolist()],
        "first_on": _dates(days.first),
        "last_on": _dates(days.last),
        "active_days": days.active.tolist(),
        "repeat_spend_minor": _whole(days.repeats),
    }


def _days(d: Documents) -> _Days:
    """Look at days with purchases; who has none gets a day that nobody reads."""
    customer, day = d.customer, np.where(d.sold, d.day, 0)
    back = (~d.sold).astype(np.int64)
    order = order_of(customer, back, day)
    heads = starts_of(customer[order], back[order], day[order])
    sold, whose = d.sold[order][heads], customer[order][heads]
    starts = starts_of(whose)
    days = day[order][heads]
    first = days[starts]
    count = np.add.reduceat(sold.astype(np.int64), starts)
    money = np.add.reduceat(np.where(d.own & d.sold, d.net_minor, 0)[order], heads)
    repeats = np.add.reduceat(np.where(sold & (days > first[whose]), money, 0), starts)
    return _Days(count, first, days[starts + np.maximum(count, 1) - 1], repeats)


def _traits(d: Documents, purchases: Purchases, goods: Mapping[str, Goods]) -> Columns:
    lines = purchases.lines()
    who = d.who[d.starts].tolist()
    hours, weekdays = _counts(d, d.hour, 24), _counts(d, (d.day + _SATURDAY) % 7, 7)
    tops = {
        "brand": favourites.brands(lines, goods),
        "class": favourites.price_classes(lines, goods),
        "store": favourites.stores(d, purchases.store.names),
    }
    priced = favourites.price_sensitivities(lines, goods)
    orders, sales = d.how_many(d.kind == ORDER), d.how_many(d.kind == SALE)
    currencies = _currencies(d)
    sensitivities = [priced.get(n, (0, 0.0)) for n in who]
    brands = [tops["brand"].get(n) for n in who]
    return {
        "favourite_brand_share": [top.share if top else None for top in brands],
        "price_sensitivity": [part if n >= rules.DISCOUNT_LINES else None for n, part in sensitivities],
        "usual_hour": hours.argmax(axis=1).tolist(),
        "usual_weekday": (weekdays.argmax(axis=1) + 1).tolist(),
        "store_id": _firsts(tops["store"], who),
        "currency": [purchases.currency.names[n] for n in d.currency_of.tolist()],
        "channel": np.where(orders == 0, "till", np.where(sales == 0, "order", "both")).tolist(),
        "favourite_brand": _firsts(tops["brand"], who),
        "favourite_price_class": _firsts(tops["class"], who),
        "details": [
            {"hours": hour, "weekdays": weekday, "currencies": currency}
            | {"tops": {name: top for name, facet in tops.items() if (top := facet.get(n))}}
            | ({"priced_lines": lines_priced} if lines_priced else {})
            for n, hour, weekday, currency, (lines_priced, _) in zip(
                who, hours.tolist(), weekdays.tolist(), currencies.tolist(), sensitivities, strict=True
            )
        ],
    }


def _firsts(tops: Mapping[int, Top], who: list[int]) -> list[str | None]:
    return [top.values[0] if (top := tops.get(n)) else None for n in who]


def _counts(d: Documents, values: Ints, width: int) -> Ints:
    """Count purchases by customer and value: a row a customer."""
    places = (d.customer * width + values)[d.sold]
    return np.bincount(places, minlength=len(d.starts) * width).reshape(-1, width)


def _currencies(d: Documents) -> Ints:
    customer = d.customer
    order = order_of(customer, d.currency)
    heads = starts_of(customer[order], d.currency[order])
    return np.bincount(customer[order][heads], minlength=len(d.starts))


def _means(totals: Numbers, counts: Ints) -> list[float | None]:
    pairs = zip(totals.tolist(), counts.tolist(), strict=True)
    return [total / count if count else None for total, count in pairs]


def _whole(values: Numbers) -> list[int]:
    """Give whole numbers that a bigint holds."""
    found: list[int] = values.tolist()
    return [max(min(each, _BIG), -_BIG) for each in found] if values.dtype == object else found


def _dates(days: Ints) -> list[date]:
    first = EPOCH.toordinal()
    return [date.fromordinal(first + each) for each in days.tolist()]
