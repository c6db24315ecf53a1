"""Which days a report covers, in which buckets, and from which sums it is read."""

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal, NamedTuple

Period = Literal["none", "day", "week", "month"]
Dimension = Literal["store", "brand", "price_class", "supplier", "product"]
Source = Literal["product_days", "store_days", "segment_flows", "monthly_flows", "daily_flows"]

ORDER: tuple[Dimension, ...] = ("store", "brand", "price_class", "supplier", "product")
LABELS = frozenset(("brand", "price_class", "supplier"))
MOST_DAYS = 3660
READ_ROWS = 60_000
"""What is read for a page, in rows of sums, so that an answer does not wait on how much is kept."""
MOST_ROWS = 250_000
"""What is read at most where nothing can be cut into pages."""
_DEAR = 2
"""A flow that its cost has to be found for by itself takes as long as so many sums."""
SCATTERED = 3
"""A row of a product and a store lies apart from others of that product, and takes as long as so many."""
_MONTH_DAYS = 30


class Bucket(NamedTuple):
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def buckets(since: date, until: date, period: Period) -> list[Bucket]:
    """Cut the days at the ends of weeks (Sunday) or months; the first and the last may be short."""
    found = []
    while since <= until:
        end = {
            "none": until,
            "day": since,
            "week": since + timedelta(days=6 - since.weekday()),
            "month": last_of_month(since),
        }[period]
        found.append(Bucket(since, min(end, until)))
        since = found[-1].end + timedelta(days=1)
    return found


class Span(NamedTuple):
    """The days that are asked about, the day of asking where it is latest, and how the days are cut."""

    since: date
    until: date
    today: date
    period: Period = "none"

    @property
    def days(self) -> int:
        """Days that are read: stock is worked out from what is held now back to the first day."""
        return max((self.today - self.since).days, 0) + 1

    @property
    def months(self) -> int:
        return self.days // _MONTH_DAYS + 1

    @property
    def by_day(self) -> bool:
        return self.period in {"day", "week"}

    @property
    def rows(self) -> int:
        """Rows of sums that are kept by day and by month: whole months stand for their days."""
        return self.days if self.by_day else min(self.days, self.months + 2 * 31)

    @property
    def whole_months(self) -> bool:
        closed = self.today - timedelta(days=1)  # the last day that may be over anywhere
        return self.since.day == 1 and (self.until == last_of_month(self.until) or self.until >= closed)


class Scale(NamedTuple):
    """How many products there are, and how many combinations of brand, class, supplier and currency."""

    products: int
    segments: int


class Reading(NamedTuple):
    """The sums that a report is read from, and of how many stores or groups of products for a page."""

    source: Source
    stores: int | None = None
    groups: int | None = None


def plan_reading(
    by: Collection[str],
    filters: Collection[str],
    span: Span,
    *,
    stores: int | None,
    scale: Scale,
    groups: int,
) -> Reading | None:
    """Choose the coarsest sums that tell apart what is asked, and pages that read few of them.

    `stores` is how many stores the report is about, None for all; `groups` what a page holds. None where only
    too many rows would tell.
    """
    source, rows = _of_store({*by, *filters}, span, scale)
    if "store" in by:
        rows += _DEAR * scale.products
        width = scale.products if "product" in by else scale.segments if LABELS & set(by) else 1
        page = Reading(source, stores=_fitting(rows, -(-groups // max(width, 1))))
        return page if rows <= MOST_ROWS else None
    if stores is None:
        whole = Reading("product_days", groups=groups if by else None)
        return whole._replace(groups=_fitting(span.rows, groups)) if "product" in by else whole
    all_rows = (rows + scale.products) * stores
    if "product" in by and source == "monthly_flows":
        return Reading(source, groups=_fitting(SCATTERED * all_rows // max(scale.products, 1), groups))
    if all_rows > MOST_ROWS:
        return None
    if not by or source != "daily_flows":
        return Reading(source)
    kinds = scale.products if "product" in by else scale.segments
    return Reading(source, groups=_fitting(_DEAR * all_rows // max(kinds, 1), groups))


def _of_store(told: Collection[str], span: Span, scale: Scale) -> tuple[Source, int]:
    """Name the sums, and how many rows of them a store has at most."""
    if not LABELS & set(told) and "product" not in told:
        return "store_days", span.rows
    if span.by_day or not span.whole_months:
        return "daily_flows", span.days * scale.products
    if "product" in told:
        return "monthly_flows", span.months * scale.products
    return "segment_flows", span.months * scale.segments


def _fitting(rows_each: int, wanted: int) -> int:
    return max(min(READ_ROWS // max(rows_each, 1), wanted), 1)
