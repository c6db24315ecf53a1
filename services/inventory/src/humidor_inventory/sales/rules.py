"""What a sale, its returns and its void come to together, in whatever order they arrive."""

from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

Kind: TypeAlias = Literal["sale", "return", "void"]
Move: TypeAlias = tuple[str, str, int, int, int | None]
"""GTIN, lot, change on hand, change in quarantine, what was earned by it.

Quantities in sticks, money in minor units. The first move of a line carries all its money; None where nobody
knows what the goods were sold for.
"""


class Effect(NamedTuple):
    """What a sale and all that belongs to it did to one product's stock, in sticks."""

    on_hand: int
    quarantined: int


def net_effect(sold: int, restocked: int, quarantined: int, *, voided: bool) -> Effect:
    """Work out what one product's sale, returns and void come to, whichever came first.

    Not voided: what was sold left, what came back is on the shelf or in quarantine. Voided: everything sold
    is back; what a return had brought back already is not counted again, but what it put into quarantine is
    there and not on the shelf. More may come back than was sold: it is there, so it is counted. All in
    sticks. Sold 40, restocked 20: (-20, 0); voided as well: (0, 0). Sold 40, quarantined 20 and voided:
    (-20, 20).
    """
    if not voided:
        return Effect(restocked - sold, quarantined)
    return Effect(max(sold - quarantined, restocked) - sold, quarantined)


def net_revenue(earned: int, refunded: int, *, voided: bool) -> int:
    """Work out what one product of a sale brought in, in minor units, whatever came first.

    A void takes back what was not refunded before: earned 100 and refunded 30 are 70, voided as well 0. A
    refund beyond what was earned has been paid all the same: refunded 130 and voided are -30.
    """
    net = earned - refunded
    return min(net, 0) if voided else net


class Tally(msgspec.Struct):
    """What is known of one product within one sale's thread; `outstanding` is by lot, in order of taking.

    `unpriced` tells that not all of it has a price.
    """

    sold: int = 0
    restocked: int = 0
    quarantined: int = 0
    earned: int = 0
    refunded: int = 0
    unpriced: bool = False
    outstanding: dict[str, int] = msgspec.field(default_factory=dict)

    def effect(self, *, voided: bool) -> Effect:
        return net_effect(self.sold, self.restocked, self.quarantined, voided=voided)

    def revenue(self, *, voided: bool) -> int:
        return net_revenue(self.earned, self.refunded, voided=voided)

    def state(self, kind: Kind, sticks: int, amount: int | None, *, restock: bool) -> None:
        """Count what a line of a sale or a return states; `amount` is its money, above zero for both."""
        if amount is None:
            self.unpriced = True
        elif kind == "return":
            self.refunded += amount
        else:
            self.earned += amount
        if kind == "sale":
            self.sold += sticks
        elif restock:
            self.restocked += sticks
        else:
            self.quarantined += sticks

    def move(self, lot: str, change: int) -> None:
        """Follow a change (on hand and in quarantine together) of one lot."""
        self.outstanding[lot] = self.outstanding.get(lot, 0) - change


class Thread(msgspec.Struct):
    """A sale with its returns and its void, by product; each of the documents is counted on a day."""

    documents: dict[tuple[UUID, str], date] = msgspec.field(default_factory=dict)
    tallies: dict[str, Tally] = msgspec.field(default_factory=dict)
    sale_seen: bool = False
    voided: bool = False
    sale_day: date | None = None

    def tally(self, gtin: str) -> Tally:
        found = self.tallies.get(gtin)
        if found is None:
            found = self.tallies[gtin] = Tally()
        return found

    def absorb(
        self,
        document: tuple[UUID, Kind, date],
        *,
        restock: bool,
        stated: list[Any] | None,
        moves: list[Any],
    ) -> None:
        """Take in a document that was applied earlier, as it is stored.

        `stated` lists (GTIN, sticks, money); a plain sale stores none, because its moves say the same. What
        was stored before money was kept has none.
        """
        document_id, kind, day = document
        self.documents[document_id, kind] = day
        if kind == "sale":
            self.sale_seen, self.sale_day = True, day
        self.voided |= kind == "void"
        if kind != "void":
            plain = [(gtin, -on_hand, *money) for gtin, _, on_hand, _, *money in moves]
            for gtin, sticks, *money in plain if stated is None else stated:
                self.tally(gtin).state(kind, sticks, money[0] if money else None, restock=restock)
        for gtin, lot, on_hand, quarantined, *_ in moves:
            self.tally(gtin).move(lot, on_hand + quarantined)
