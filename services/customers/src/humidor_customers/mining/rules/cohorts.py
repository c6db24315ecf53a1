"""Retention: of those who first bought in a period, how many bought again so many periods later."""

from typing import NamedTuple

import numpy as np

from humidor_customers.hearing import Heard, unheard
from humidor_customers.mining.rules.baskets import Ints, distinct


class Retention(NamedTuple):
    """A row for each cohort and each period after it that has ended; `active` of `size` customers bought."""

    cohorts: Ints
    offsets: Ints
    sizes: Ints
    active: Ints


def retain(customers: Ints, periods: Ints, last: int, first: int = 0, heard: Heard = unheard) -> Retention:
    """Count by cohort; `periods` are whole numbers, `last` the last period that has ended.

    Cohorts of before `first` are left out: there it is not known whether it was really the first purchase.
    Customer 1 buys in periods 0 and 2, customer 2 in 0: cohort 0 has 2, of which 0 are active in period 1
    and 1 in period 2.
    """
    inside = periods <= last
    empty = np.zeros(0, np.int64)
    if not inside.any():
        return Retention(empty, empty, empty, empty)
    earliest = periods.min()
    who, seen = distinct(customers[inside], periods[inside] - earliest)
    heard(0.8)
    seen += earliest
    new = np.ones(len(who), bool)
    new[1:] = who[1:] != who[:-1]
    begun = seen[new][np.cumsum(new) - 1]
    kept = begun >= first
    width = last - first + 1
    table = np.bincount(
        (begun[kept] - first) * width + (seen[kept] - begun[kept]), minlength=width * width
    ).reshape(width, width)
    cohort, offset = np.divmod(np.arange(width * width), width)
    there = (cohort + offset < width) & (table[cohort, 0] > 0)
    cohort, offset = cohort[there], offset[there]
    return Retention(cohort + first, offset, table[cohort, 0], table[cohort, offset])
