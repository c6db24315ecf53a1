"""What a sale, its returns and its void come to together, in whatever order they arrive."""

from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

Kind: TypeAlias = Literal["sale", "return", "void"]
Move: TypeAlias = tuple[str, str, int, int]
"""GTIN, lot, change on hand, change in quarantine; all quantities in sticks."""


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


class Tally(msgspec.Struct):
    """What is known of one product within one sale's thread; `outstanding` is by lot, in order of taking."""

    sold: int = 0
    restocked: int = 0
    quarantined: int = 0
    outstanding: dict[str, int] = msgspec.field(default_factory=dict)

    def effect(self, *, voided: bool) -> Effect:
        return net_effect(self.sold, self.restocked, self.quarantined, voided=voided)

    def state(self, kind: Kind, sticks: int, *, restock: bool) -> None:
        """Count what a line of a sale or a return states."""
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
    """A sale with its returns and its void, by product."""

    documents: set[tuple[UUID, str]] = msgspec.field(default_factory=set)
    tallies: dict[str, Tally] = msgspec.field(default_factory=dict)
    sale_seen: bool = False
    voided: bool = False

    def tally(self, gtin: str) -> Tally:
        found = self.tallies.get(gtin)
        if found is None:
            found = self.tallies[gtin] = Tally()
        return found

    def absorb(
        self, document_id: UUID, kind: Kind, *, restock: bool, stated: list[Any] | None, moves: list[Any]
    ) -> None:
        """Take in a document that was applied earlier, as it is stored.

        `stated` lists (GTIN, sticks); a plain sale stores none, because its moves say the same.
        """
        self.documents.add((document_id, kind))
        self.sale_seen |= kind == "sale"
        self.voided |= kind == "void"
        if kind != "void":
            plain = [(gtin, -on_hand) for gtin, _, on_hand, _ in moves]
            for gtin, sticks in plain if stated is None else stated:
                self.tally(gtin).state(kind, sticks, restock=restock)
        for gtin, lot, on_hand, quarantined in moves:
            self.tally(gtin).move(lot, on_hand + quarantined)
