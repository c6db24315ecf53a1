"""What is in a display cabinet, and how many cartons to open to fill it: plain values."""

from collections.abc import Iterable
from typing import NamedTuple

from humidor_inventory.units.rules import Factors


class Cabinet(NamedTuple):
    """What a cabinet shall hold at most, when it is to be refilled, and what it held last, in sticks."""

    capacity: int
    refill_at: int
    filled: int


class Placing(NamedTuple):
    """Where a product's stock stands: packs in the cabinet, behind it sealed cartons and loose packs."""

    displayed_packs: int
    sealed_cartons: int
    loose_packs: int
    refill_packs: int
    open_cartons: int


def drawn(lines: Iterable[int], factors: Factors) -> int:
    """Add up what sales have taken out of the cabinet, in sticks; what came back counts against it.

    `lines` are what each line of a sale, return or void moved (sales below zero). A line of whole cartons
    left from the back room sealed. Lines of -40, -200 and +20 of a (20, 10, 50) product have drawn 20.
    """
    return -sum(sticks for sticks in lines if sticks % factors.carton)


def place(cabinet: Cabinet, on_hand: int, taken: int, factors: Factors) -> Placing:
    """Work out where the stock stands and what a refill needs.

    Nobody scans a pack from the back room into the cabinet, so the cabinet is what it held when it was last
    filled, less what was sold in packs since; never more than the stock, and the rest is behind it. A refill
    takes the loose packs first and opens as few cartons as it can. With a cabinet of 20 packs, to be refilled
    at 5, filled with 20 and 16 sold, and 60 packs in stock: 4 displayed, behind them 5 cartons and 6 packs;
    16 packs are wanted, so one carton is opened.
    """
    stock = max(on_hand, 0)
    displayed = min(max(cabinet.filled - taken, 0), cabinet.capacity, stock) // factors.pack
    behind = stock - displayed * factors.pack
    sealed, rest = divmod(behind, factors.carton)
    loose = rest // factors.pack
    if displayed * factors.pack > cabinet.refill_at:
        return Placing(displayed, sealed, loose, 0, 0)
    packs_a_carton = factors.carton // factors.pack
    wanted = min(cabinet.capacity // factors.pack - displayed, sealed * packs_a_carton + loose)
    return Placing(displayed, sealed, loose, wanted, -(-max(wanted - loose, 0) // packs_a_carton))
