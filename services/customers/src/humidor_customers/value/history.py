"""Reads what models are fitted to: the figures of all customers, and the days on which some bought."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from humidor_common.db.transaction import transaction
from humidor_customers.arrays import Floats, Ints
from humidor_customers.estimates.buying import Customers
from humidor_customers.hearing import Heard
from humidor_customers.inputs import PartyKind
from humidor_customers.jobs.working import Job
from humidor_customers.profiles import rules as profiles
from humidor_customers.retailers.queries import roots_of
from humidor_customers.value import queries

EPOCH = date(2000, 1, 1)
PAGE = 50_000
SAMPLE = 20_000
_IDS_AT_ONCE = 500


class Figures(NamedTuple):
    """Figures of customers, in the order of their ids; days are counted from 2000-01-01.

    `satisfaction` is NaN of those who answered no survey.
    """

    ids: list[str]
    first_day: Floats
    last_day: Floats
    active_days: Floats
    purchases_year: Floats
    spend_minor: Floats
    spend_year_minor: Floats
    repeat_spend_minor: Floats
    basket_sticks: Floats
    basket_minor: Floats
    brand_share: Floats
    usual_hour: Floats
    satisfaction: Floats
    today: int

    @property
    def buying(self) -> Customers:
        """Give what BG/NBD goes by, in weeks; a day with purchases counts as one."""
        x = self.active_days.astype(np.int64) - 1
        weeks = np.maximum(self.today - self.first_day, 0) / 7
        return Customers(x, (self.last_day - self.first_day) / 7, weeks)

    @property
    def repeat_means(self) -> Floats:
        """Give what a repeat day was worth on average; 0 for who has not come again."""
        return self.repeat_spend_minor / np.maximum(self.active_days - 1, 1)


class Days(NamedTuple):
    """Days on which sampled customers bought: which of `ids` (its place), when, how often, for how much."""

    ids: Sequence[str]
    who: Ints
    day: Ints
    purchases: Floats
    minor: Floats
    today: int

    def until(self, day: int) -> "Days":
        """Leave out what came after a day."""
        kept = self.day <= day
        return Days(self.ids, self.who[kept], self.day[kept], self.purchases[kept], self.minor[kept], day)

    def after(self, day: int) -> tuple[Floats, Floats]:
        """Give how many days with purchases each customer had after a day, and what they came to."""
        later = self.day > day
        who = self.who[later]
        return self._sum(who, np.ones(len(who))), self._sum(who, self.minor[later])

    def _sum(self, who: Ints, values: Floats) -> Floats:
        found: Floats = np.bincount(who, weights=values, minlength=len(self.ids)).astype(np.float64)
        return found

    def figures(self) -> tuple[Figures, Ints]:
        """Give the figures as of the last day, as profiles count them, and which customers have any."""
        recent = self.day > self.today - profiles.LOOKBACK_DAYS
        who, day, minor = self.who[recent], self.day[recent], self.minor[recent]
        days = self._sum(who, np.ones(len(who)))
        first = np.full(len(self.ids), 2**31)
        last = np.zeros(len(self.ids), dtype=np.int64)
        np.minimum.at(first, who, day)
        np.maximum.at(last, who, day)
        known = np.flatnonzero(days)
        year = day > self.today - profiles.YEAR_DAYS
        again = day > first[who]
        purchases = self._sum(who, self.purchases[recent])
        spend = self._sum(who, minor)
        zero = np.zeros(len(known))
        figures = Figures(
            ids=[self.ids[n] for n in known.tolist()],
            first_day=first[known].astype(np.float64),
            last_day=last[known].astype(np.float64),
            active_days=days[known],
            purchases_year=self._sum(who[year], self.purchases[recent][year])[known],
            spend_minor=spend[known],
            spend_year_minor=self._sum(who[year], minor[year])[known],
            repeat_spend_minor=self._sum(who[again], minor[again])[known],
            basket_sticks=zero,
            basket_minor=spend[known] / np.maximum(purchases[known], 1),
            brand_share=zero,
            usual_hour=zero,
            satisfaction=np.full(len(known), np.nan),
            today=self.today,
        )
        return figures, known


async def read_figures(job: Job, party_kind: PartyKind) -> Figures:
    """Read the figures of all customers of a kind, except those whose licence or membership is over."""
    columns: list[list[Floats]] = [[] for _ in Figures._fields[1:-1]]
    ids: list[str] = []
    today = (date.today() - EPOCH).days  # noqa: DTZ011 - what PostgreSQL says takes its place
    heard = job.hearing("reading", 0.05, 0.3)
    async with job.pool.acquire() as conn:
        count = await queries.count_customers(conn, party_kind)
    while True:
        heard(min(len(ids) / max(count, 1), 1.0))
        async with job.pool.acquire() as conn:
            rows = await queries.fetch_customers(conn, party_kind, after=ids[-1] if ids else "", limit=PAGE)
        if rows:
            first, *values, last = zip(*rows, strict=True)
            ids += first
            today = last[0]
            for column, value in zip(columns, values, strict=True):
                column.append(np.array(value, dtype=np.float64))
        if len(rows) < PAGE:
            break
    names = Figures._fields[1:-1]
    whole = {
        name: np.concatenate(each) if each else np.zeros(0) for name, each in zip(names, columns, strict=True)
    }
    return Figures(ids=ids, today=today, **whole)


async def read_days(job: Job, party_kind: PartyKind, figures: Figures, *, seed: int = 7) -> Days:
    """Read when a random sample of customers bought: those of at most 20,000."""
    count = min(SAMPLE, len(figures.ids))
    chosen = np.random.default_rng(seed).permutation(len(figures.ids))[:count]
    ids = [figures.ids[n] for n in chosen]
    who: list[int] = []
    rest: list[tuple[int, int, float]] = []
    heard = job.hearing("reading histories", 0.3, 0.4)
    for start in range(0, count, _IDS_AT_ONCE):
        heard(start / count)
        async with job.pool.acquire() as conn:
            some = ids[start : start + _IDS_AT_ONCE]
            places = {each: start + n for n, each in enumerate(some)}
            if party_kind == "retailer":
                roots = await roots_of(conn, some)
                places = {part: places[root] for root, parts in roots.items() for part in parts}
            for row in await queries.fetch_days(conn, party_kind, list(places)):
                who.append(places[row[0]])
                rest.append((row[1], row[2], row[3]))
    day, purchases, minor = np.array(rest, dtype=np.float64).reshape(-1, 3).T
    return Days(ids, np.array(who, dtype=np.int64), day.astype(np.int64), purchases, minor, figures.today)


async def read_cycles(
    job: Job, ids: Sequence[str], now: datetime, heard: Heard
) -> dict[str, tuple[int, int]]:
    """Give the order cycles of the last year that each trade customer could order in, and did."""
    found: dict[str, tuple[int, int]] = {}
    for start in range(0, len(ids), PAGE):
        heard(start / len(ids))
        some = ids[start : start + PAGE]
        async with transaction(job.pool) as conn:
            before = ids[start - 1] if start else ""
            rows = await conn.fetch(queries.CYCLES, now, now - timedelta(days=365), before, some[-1])
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found
