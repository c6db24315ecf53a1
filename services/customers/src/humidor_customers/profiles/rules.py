"""How long profiles look back, and what the silence of a customer means, on plain values."""

from datetime import date
from typing import Literal, NamedTuple, TypeAlias

PartyKind: TypeAlias = Literal["retailer", "consumer"]
PromoterGroup: TypeAlias = Literal["promoter", "passive", "detractor"]
Lifecycle: TypeAlias = Literal["new", "active", "cooling", "dormant", "lost", "ended"]

LOOKBACK_DAYS = 1096
"""Older purchases count for nothing, so what a profile costs does not grow with history."""
YEAR_DAYS = 365
NEW_DAYS = 30
KNOWN_GAP_DAYS = 3
"""With so many days of purchases a customer's own rhythm is known; before, the usual one holds."""
USUAL_GAP_DAYS: dict[PartyKind, float] = {"retailer": 7.0, "consumer": 30.0}
LEAST_GAP_DAYS = 7.0
COOLING, DORMANT, LOST = 2.0, 4.0, 8.0
"""After so many gaps without a purchase; four cycles without an order are the trade's word for churn."""
DISCOUNT_LINES = 5
"""Fewer lines with a list price say nothing about price sensitivity."""
DISCOUNT = 0.005
"""A price is below the list if it is so by more than this part: what rounding does is no discount."""

ANSWERS_DAYS = 730
"""Older answers of surveys say little about now."""
SATISFIED, RECOMMENDING = "满意|satisf", "推荐|recommend|nps"
OF_BRANDS, OF_CLASSES = "品牌|brand", "价位|价类|价格|price"
"""What the heading of a question has to speak of, whatever the case."""
PROMOTER, PASSIVE = 9, 7
"""From which answer on, of 0 to 10, the net promoter score (Reichheld 2003) counts a customer so."""


class Rhythm(NamedTuple):
    """When a customer bought: on how many days, first and last."""

    party_kind: PartyKind
    active_days: int
    first_on: date
    last_on: date

    @property
    def gap_days(self) -> float | None:
        """Give the mean of the days between two days of purchases; None after a single one."""
        if self.active_days < 2:
            return None
        return (self.last_on - self.first_on).days / (self.active_days - 1)

    @property
    def expected_gap_days(self) -> float:
        gap = self.gap_days if self.active_days >= KNOWN_GAP_DAYS else None
        return max(USUAL_GAP_DAYS[self.party_kind] if gap is None else gap, LEAST_GAP_DAYS)


def lifecycle_of(rhythm: Rhythm, today: date, *, ended: bool) -> Lifecycle:
    """Say where a customer stands: by its silence, measured in its own gaps between purchases.

    Whoever buys every 10 days is active for 20 days, cooling for 40, dormant for 80, then lost. The first 30
    days everybody who buys is new. `ended` is a licence or membership that is over: nobody's choice to win
    back.
    """
    if ended:
        return "ended"
    silent = (today - rhythm.last_on).days / rhythm.expected_gap_days
    if silent <= COOLING:
        return "new" if (today - rhythm.first_on).days <= NEW_DAYS else "active"
    if silent <= DORMANT:
        return "cooling"
    return "dormant" if silent <= LOST else "lost"


def promoter_group(recommendation: int | None) -> PromoterGroup | None:
    """Say what the net promoter score counts an answer of 0 to 10 as: 8 is passive."""
    if recommendation is None:
        return None
    if recommendation >= PROMOTER:
        return "promoter"
    return "passive" if recommendation >= PASSIVE else "detractor"
