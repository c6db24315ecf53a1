"""Which customers buy which brand at which time: more often than their other purchases would let expect."""

from typing import Any, NamedTuple

import numpy as np

from humidor_customers.hearing import Heard, part, unheard
from humidor_customers.mining.rules.baskets import Floats, Ints, distinct
from humidor_customers.mining.rules.significance import false_discovery, upper_tail
from humidor_customers.mining.rules.slots import DAYPARTS, Slot

_DAYPART_OF_HOUR = np.array([6] * 5 + [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3 + [6])


class Purchases(NamedTuple):
    """A row for each brand of a sale: group, brand, slot, and who bought (-1 is nobody known)."""

    groups: Ints
    brands: Ints
    slots: Ints
    customers: Ints


class Enough(NamedTuple):
    """What a group's purchases of a brand need before they are tested, whatever their times."""

    purchases: int = 20
    customers: int = 0


class Affinities(NamedTuple):
    """A row for each group, brand and slot that was tested.

    `counts` of the group's purchases of the brand (`brand_counts`) fell into the slot, in which `slot_counts`
    of all purchases of the group (`group_counts`) fall.
    """

    groups: Ints
    brands: Ints
    slots: Ints
    counts: Ints
    brand_counts: Ints
    slot_counts: Ints
    group_counts: Ints
    customers: Ints
    p_values: Floats
    q_values: Floats

    @property
    def expected(self) -> Floats:
        found: Floats = self.brand_counts * (self.slot_counts / self.group_counts)
        return found

    @property
    def lift(self) -> Floats:
        found: Floats = self.counts / self.expected
        return found


def slots_of(hours: Ints, weekdays: Ints, slot: Slot) -> Ints:
    """Number the slots of local hours (0-23) and weekdays (0 is Monday); 19 h is slot 4 by day part."""
    parts = _DAYPART_OF_HOUR[hours]
    found = {"hour": hours, "daypart": parts, "weekday": weekdays}
    return found[slot] if slot in found else weekdays * len(DAYPARTS) + parts


def find_affinities(purchases: Purchases, slots: int, enough: Enough, heard: Heard = unheard) -> Affinities:
    """Test every slot of every brand of a group against the times at which the group buys anything.

    The test is Fisher's exact one, one-sided, on the table (brand or not) x (slot or not) within the group.
    Which brands of a group are tested depends on how much was bought, never on when, so the adjustment for
    false discoveries holds for all that are listed; the surest comes first.
    """
    brands = int(purchases.brands.max(initial=-1)) + 1
    pairs, pair_of, brand_counts = np.unique(
        purchases.groups * brands + purchases.brands, return_inverse=True, return_counts=True
    )
    heard(0.1)
    buyers = _distinct(pair_of, purchases.customers, len(pairs))
    tested = np.flatnonzero((brand_counts >= enough.purchases) & (buyers >= enough.customers))
    groups = int(purchases.groups.max(initial=-1)) + 1
    slot_counts = np.bincount(purchases.groups * slots + purchases.slots, minlength=groups * slots)
    group_counts = slot_counts.reshape(groups, slots).sum(axis=1)
    cells = pair_of * slots + purchases.slots
    counts = np.bincount(cells, minlength=len(pairs) * slots)
    customers = _distinct(cells, purchases.customers, len(pairs) * slots)
    pair, slot = np.repeat(tested, slots), np.tile(np.arange(slots), len(tested))
    group = pairs[pair] // max(brands, 1)
    used = slot_counts[group * slots + slot] > 0
    pair, slot, group = pair[used], slot[used], group[used]
    cell = pair * slots + slot
    columns = (counts[cell], brand_counts[pair], slot_counts[group * slots + slot], group_counts[group])
    heard(0.2)
    p_values = upper_tail(columns[0], columns[3], columns[2], columns[1], part(heard, 0.2, 1.0))
    found = Affinities(
        group,
        pairs[pair] % max(brands, 1),
        slot,
        *columns,
        customers[cell],
        p_values,
        false_discovery(p_values),
    )
    order = np.lexsort((slot, found.brands, group, -found.lift, found.p_values))
    columns_in_order: list[Any] = [column[order] for column in found]
    return Affinities(*columns_in_order)


def _distinct(places: Ints, customers: Ints, size: int) -> Ints:
    """Count different customers at each place; those who are not known (-1) count for nobody."""
    known = customers >= 0
    return np.bincount(distinct(places[known], customers[known])[0], minlength=size)
