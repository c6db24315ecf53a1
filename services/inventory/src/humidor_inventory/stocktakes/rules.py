"""What a count comes to: variance, recounts, accuracy, classes, and from which lots a loss goes.

A shop goes on selling while it is counted, so a count is compared with the book *of its own moment*:

    book     = snapshot + the movements recorded after the snapshot that happened up to `counted_at`
    variance = counted - book
    posting  : the ledger gets `variance`, whatever has moved since

The snapshot is taken at a ledger position: under the store's lock a number is drawn from the ledger's own
sequence, and since every writer of the store holds that lock until it commits, the entries of the store with
lower numbers are exactly those in the snapshot. From there on each movement is placed by when it *happened*
(`occurred_at`), not by when it arrived: a sale rung up before the count is in the book of the count even if
its terminal was offline and told it an hour later, and a sale rung up after the count is not, even where the
count itself is the one that comes late. So a sale during the count neither makes a variance nor hides one:
with 100 in the snapshot, 10 sold, 88 counted and 5 sold afterwards, the book of the count is 90, the variance
-2, and the ledger ends at 100 - 10 - 5 - 2 = 83, which is what lies there. Posting draws a second position;
what is recorded after it and happened before the count can no longer be netted and is shown as late.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple

from humidor_inventory.stock.rules import UNATTRIBUTED, Lot, fefo_order
from humidor_inventory.units.rules import UNITS, Factors, Unit

State = Literal["draft", "counting", "recount", "review", "approved", "posted", "cancelled"]
Status = Literal["uncounted", "recount", "settled"]

OPEN: tuple[State, ...] = ("draft", "counting", "recount", "review", "approved")
COUNTABLE: tuple[State, ...] = ("counting", "recount")
FROM: Mapping[str, tuple[State, ...]] = {
    "start": ("draft",),
    "close": COUNTABLE,
    "recount": ("review",),
    "approve": ("review",),
    "post": ("approved",),
    "cancel": OPEN,
}
"""From which states each step leads on."""


class Thresholds(NamedTuple):
    """How far a variance may go without a recount; None switches that measure off."""

    packs: int | None
    percent: Decimal | None
    value_minor: int | None


class Item(NamedTuple):
    """What of a product a judgement needs; the price is minor units per pack."""

    factors: Factors
    price_per_pack: int | None
    currency: str | None


class Counted(NamedTuple):
    """The count of one counter that stands, and the book at its moment."""

    counter: str
    counted_at: datetime
    quantity: int
    unit: Unit
    counted_sticks: int
    book_sticks: int

    @property
    def variance(self) -> int:
        return self.counted_sticks - self.book_sticks


class Verdict(NamedTuple):
    """What a line has come to; `chosen` is the count that stands, `reasons` why it is to be counted again."""

    status: Status
    chosen: Counted | None
    reasons: tuple[str, ...] = ()


def value_of(sticks: int, item: Item) -> int | None:
    """Value sticks at the retail price: minor units, half a unit away from zero; None without a price.

    -30 sticks at 2500 a pack of 20 are -3750.
    """
    if item.price_per_pack is None:
        return None
    exact = Decimal(sticks * item.price_per_pack) / item.factors.pack
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def exceeded(counted: Counted, item: Item, allowed: Thresholds) -> tuple[str, ...]:
    """Name the thresholds that the variance passes: `quantity`, `percent` (of the book), `value`.

    A threshold passes only what is greater: 1 pack allows a variance of one pack. Where the book says
    nothing or less, any variance is infinitely many percent.
    """
    variance = abs(counted.variance)
    if not variance:
        return ()
    reasons = []
    if allowed.packs is not None and variance > allowed.packs * item.factors.pack:
        reasons.append("quantity")
    book = max(counted.book_sticks, 0)
    if allowed.percent is not None and Decimal(variance) * 100 > allowed.percent * book:
        reasons.append("percent")
    worth = value_of(variance, item)
    if allowed.value_minor is not None and worth is not None and worth > allowed.value_minor:
        reasons.append("value")
    return tuple(reasons)


def wrong_unit(counted: Counted, factors: Factors) -> bool:
    """Tell whether the quantity would be within a tenth of the book in another unit.

    30 packs where the book says 30 cartons; a count that is itself that near is never suspected.
    """
    book = counted.book_sticks
    if book <= 0 or not counted.quantity or 10 * abs(counted.variance) <= book:
        return False
    others = (getattr(factors, unit) for unit in UNITS if unit != counted.unit)
    return any(10 * abs(counted.quantity * size - book) <= book for size in others)


def judge(round_number: int, counts: Sequence[Counted], item: Item, allowed: Thresholds) -> Verdict:
    """Judge a line by the counts of its round, one a counter.

    The first round leads to a recount where a threshold is passed or the unit looks mistaken; a later round
    has been counted by somebody else and stands. Counters of one round who disagree lead to a recount in any.
    They are compared by their variances, because something may have been sold between their counts. The
    latest count stands.
    """
    if not counts:
        return Verdict("uncounted", None)
    latest = max(counts, key=lambda each: (each.counted_at, each.counter))
    reasons: tuple[str, ...] = ()
    if len({each.variance for each in counts}) > 1:
        reasons = ("disagreement",)
    if round_number == 1:
        reasons += exceeded(latest, item, allowed)
        if wrong_unit(latest, item.factors):
            reasons += ("unit",)
    return Verdict("recount" if reasons else "settled", latest, reasons)


def round_of(counted_at: datetime, rounds: Sequence[datetime]) -> int:
    """Tell in which round (from 1) a count was made, however late it comes; 0 is before the first."""
    return bisect_right(rounds, counted_at)


def spread(variance: int, lots: Iterable[Lot], named: str) -> list[tuple[str, int]]:
    """Share a variance among lots: pairs of lot and signed sticks that add up to it.

    A gain belongs to the named lot. A loss comes off the named lot as far as that holds anything, then off
    the lots in the order in which they are sold, and last off the unattributed lot, which may fall below
    zero. -7 from the unattributed lot with a: 5 and b: 9 gives [(a, -5), (b, -2)].
    """
    if variance >= 0:
        return [(named, variance)] if variance else []
    left, parts = -variance, []
    order = sorted(fefo_order(lots), key=lambda lot: lot.lot != named)
    for lot in order:
        part = min(left, max(lot.on_hand, 0))
        if part:
            parts.append((lot.lot, -part))
            left -= part
    if left:
        parts.append((UNATTRIBUTED, -left))
    return parts
