"""What a run finds in what was read for it: the part that needs no database, here or on a cluster."""

from collections.abc import Callable
from typing import Any

from humidor_customers.hearing import Heard
from humidor_customers.mining import miners, miners_of_customers
from humidor_customers.mining.gathering import Read
from humidor_customers.mining.miners import Found
from humidor_customers.mining.schemas import Kind, Params

_FINDERS: dict[Kind, Callable[[Read, Any, Heard], Found]] = {
    "associations": miners.find_associations,
    "sequences": miners.find_sequences,
    "switching": miners_of_customers.find_switching,
    "affinities": miners_of_customers.find_affinities,
    "cohorts": miners_of_customers.find_cohorts,
    "recommendations": miners_of_customers.find_recommendations,
}


def find(read: Read, asked: Params, heard: Heard) -> Found:
    """Find what a run of any kind asks for; `heard` is told the share that is done and may raise to stop.

    Raises:
        TooMuch: There is more of it than anybody can read.
    """
    return _FINDERS[asked.kind](read, asked, heard)
