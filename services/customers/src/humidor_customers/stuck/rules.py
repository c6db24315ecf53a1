"""Why an order waits for the warehouse longer than it should, and what is to be done; plain values."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, TypeAlias

from humidor_common.events import Event
from humidor_common.events.customers import OrderCancelled, OrderConfirmed, OrderDelivered

Waits: TypeAlias = Literal["asked", "releasing", "shipping"]
Why: TypeAlias = Literal["not-taken", "answer-not-taken", "not-published", "no-answer"]

PATIENCE = timedelta(minutes=15)
"""An answer takes seconds; after so long without one somebody should look."""

WAITS: Mapping[type[Event], Waits] = {
    OrderConfirmed: "asked",
    OrderCancelled: "releasing",
    OrderDelivered: "shipping",
}
"""What an order waits for once such an event of it was told."""

ADVICE: Mapping[Why, str] = {
    "not-taken": (
        "The service of the warehouse could not take what was told. Mend what `reason` says, then retry its "
        "dead letter (`humidor deadletters`); or cancel the order."
    ),
    "answer-not-taken": (
        "The answer of the warehouse could not be taken here. Mend what `reason` says, then retry the dead "
        "letter (`humidor deadletters`)."
    ),
    "not-published": (
        "What was told could not be put on its topic. Mend what `reason` says, then retry the dead letter "
        "(`humidor deadletters`)."
    ),
    "no-answer": (
        "Nothing is known to have gone wrong. See whether the worker of inventory runs, and how far behind "
        "it is (`humidor status`)."
    ),
}
