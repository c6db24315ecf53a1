"""Compares stretches of time: growth, yearly growth over years, and what moved shares."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.market import queries
from humidor_customers.market.asking import Compared, Cut, Shifting
from humidor_customers.market.cubes import Cells
from humidor_customers.market.paging import Rows
from humidor_customers.market.rules.figures import Part, change, compound_growth, decompose
from humidor_customers.market.rules.periods import Span, base_of, months_before
from humidor_customers.market.schemas import (
    ChangeView,
    CompoundRow,
    GrowthRow,
    RatioView,
    ShiftRow,
)
from humidor_customers.market.service import Sums, markets, named, question_of, spans_of

MOST_COMPOUND_DAYS = 30 * 366
"""Only the first and the last year are read."""

_FIGURES = {"volume": "sticks", "value": "net_minor"}
_Figures = Mapping[str, int]
_NOTHING: _Figures = {"sticks": 0, "net_minor": 0}
_Market = tuple[str, str]


class _Compare:
    """Sums by span, market and key, with the whole of each market under the key None."""

    def __init__(self, cells: Cells) -> None:
        self._found: dict[tuple[int, _Market], dict[str | None, _Figures]] = {}
        self._markets: dict[int, dict[_Market, Sums]] = defaultdict(dict)
        for each in markets(cells):
            self._markets[each.span][each.within, each.currency] = each

    def markets(self, *spans: int) -> list[_Market]:
        return sorted({market for span in spans for market in self._markets[span]})

    def keys(self, market: _Market, *spans: int) -> list[str | None]:
        """Name the groups of any of the spans, the whole first."""
        found = [self._markets[span].get(market) for span in spans]
        codes = {code for each in found if each for code in each.of(each.cells.key).tolist()}
        labels = next(each.cells.labels[2] for each in found if each)
        return [None, *(labels[code] for code in sorted(codes))]

    def get(self, span: int, market: _Market, key: str | None) -> _Figures:
        if (span, market) not in self._found:
            self._found[span, market] = _figures_of(self._markets[span].get(market))
        return self._found[span, market].get(key, _NOTHING)


def _figures_of(market: Sums | None) -> dict[str | None, _Figures]:
    """Give the sums of every group of a market and of all of them."""
    if market is None:
        return {}
    cells = market.cells
    found: dict[str | None, _Figures] = {
        cells.labels[2][code]: {"sticks": sticks, "net_minor": net_minor}
        for code, sticks, net_minor in zip(
            *(market.of(each).tolist() for each in (cells.key, cells.sticks, cells.net_minor)), strict=True
        )
    }
    found[None] = {"sticks": market.total(cells.sticks), "net_minor": market.total(cells.net_minor)}
    return found


async def report_growth(
    conn: Connection, principal: Principal, asked: Compared, *, today: date
) -> Rows[GrowthRow]:
    """Report what became of each group and of the whole, period by period."""
    spans = spans_of(asked, asked.period, today)
    bases = [base_of(span, asked.against) for span in spans]
    former = [base[0] if base else Span(date(1, 1, 1), date(1, 1, 1)) for base in bases]
    question = question_of(principal, asked, [*spans, *former], by=asked.by, within=asked.within)
    sums = _Compare(await queries.read_cells(conn, question, sales=False))
    rows: list[tuple[Any, ...]] = []
    for place, (span, base) in enumerate(zip(spans, bases, strict=True)):
        both = (place, place + len(spans))
        rows += [
            (sums, (both, market, key), span, base)
            for market in sums.markets(*both)
            for key in sums.keys(market, *both)
        ]
    return Rows.of(rows, _growth)


def _growth(
    sums: _Compare,
    whose: tuple[tuple[int, int], _Market, str | None],
    span: Span,
    base: tuple[Span, bool] | None,
) -> GrowthRow:
    both, market, key = whose
    figures = _changes(sums, both, market, key) if base else dict.fromkeys(_FIGURES)
    return GrowthRow.build(
        **_head(span, market, key),
        base_start=base[0].start if base else None,
        base_end=base[0].end if base else None,
        lunar=bool(base and base[1]),
        **figures,
        reason=None if base else "no-lunar-calendar",
    )


def _head(span: Span, market: _Market, key: str | None) -> dict[str, Any]:
    return {
        "start": span.start,
        "end": span.end,
        "within": named(market[0]),
        "key": named(key or ""),
        "currency": market[1],
        "whole": key is None,
    }


def _changes(sums: _Compare, both: tuple[int, int], market: _Market, key: str | None) -> dict[str, Any]:
    now, before = (sums.get(span, market, key) for span in both)
    whole_now, whole_before = (sums.get(span, market, None) for span in both)
    return {
        name: ChangeView.of(change(now[figure], before[figure], whole_now[figure], whole_before[figure]))
        for name, figure in _FIGURES.items()
    }


async def report_compound(
    conn: Connection, principal: Principal, asked: Cut, *, today: date
) -> Rows[CompoundRow]:
    """Report yearly growth from the first twelve months to the last.

    Raises:
        Problem: 422 where the days are not whole months, or fewer than 24.
    """
    (whole,) = spans_of(asked, "none", today, most_days=MOST_COMPOUND_DAYS)
    after = date.fromordinal(whole.end.toordinal() + 1)
    months = (after.year - whole.start.year) * 12 + after.month - whole.start.month
    if whole.start.day != 1 or after.day != 1 or months < 24:
        raise invalid("since", "yearly growth takes whole months, and at least 24 of them")
    first = Span(whole.start, date.fromordinal(months_before(whole.start, -12).toordinal() - 1))
    last = Span(months_before(after, 12), whole.end)
    question = question_of(principal, asked, [first, last], by=asked.by, within=asked.within)
    sums, years = _Compare(await queries.read_cells(conn, question, sales=False)), (months - 12) / 12
    rows = [
        (sums, market, key, (whole, years))
        for market in sums.markets(0, 1)
        for key in sums.keys(market, 0, 1)
    ]
    return Rows.of(rows, _compound)


def _compound(sums: _Compare, market: _Market, key: str | None, over: tuple[Span, float]) -> CompoundRow:
    first, last = (sums.get(span, market, key) for span in (0, 1))
    figures: dict[str, Any] = {
        name: RatioView.of(compound_growth(first[figure], last[figure], over[1]))
        for name, figure in _FIGURES.items()
    }
    return CompoundRow.build(**_head(over[0], market, key), years=over[1], **figures)


async def report_shifts(
    conn: Connection, principal: Principal, asked: Shifting, *, today: date
) -> Rows[ShiftRow]:
    """Report what moved each group's share of volume, over the segments of the market.

    Raises:
        Problem: 422 where nobody knows the lunar calendar of the year.
    """
    (span,) = spans_of(asked, "none", today)
    base = base_of(span, asked.against)
    if base is None:
        raise invalid("against", "the lunar new year of these years is not known")
    question = question_of(principal, asked, [span, base[0]], by=asked.by, within=asked.segment)
    totals, owns = _segments_of(await queries.read_cells(conn, question, sales=False))
    rows = [(whose, owns[whose], totals[whose[0]], (span, base[0])) for whose in sorted(owns)]
    return Rows.of(rows, _shift)


_Segments = tuple[dict[str, int], dict[str, int]]
"""Sticks by segment, in the base and now."""


def _segments_of(cells: Cells) -> tuple[dict[str, _Segments], dict[tuple[str, str], _Segments]]:
    """Give what all sold by currency, and what each group did by currency and key, of spans 1 and 0."""
    totals: dict[str, _Segments] = defaultdict(lambda: ({}, {}))
    owns: dict[tuple[str, str], _Segments] = defaultdict(lambda: ({}, {}))
    for market in markets(cells):
        time = 1 - market.span
        totals[market.currency][time][market.within] = market.total(cells.sticks)
        for code, sticks in zip(market.of(cells.key).tolist(), market.of(cells.sticks).tolist(), strict=True):
            owns[market.currency, cells.labels[2][code]][time][market.within] = sticks
    return totals, owns


def _shift(whose: tuple[str, str], own: _Segments, totals: _Segments, over: tuple[Span, Span]) -> ShiftRow:
    segments = own[0].keys() | own[1].keys()
    base, current = (
        {name: Part(own[time].get(name, 0), totals[time].get(name, 0)) for name in segments}
        for time in (0, 1)
    )
    wholes = [sum(all_sold for all_sold in each.values() if all_sold > 0) for each in totals]
    return ShiftRow.build(
        key=named(whose[1]),
        currency=whose[0],
        start=over[0].start,
        end=over[0].end,
        base_start=over[1].start,
        base_end=over[1].end,
        **ShiftRow.parts(decompose(base, current, (wholes[0], wholes[1]))),
    )
