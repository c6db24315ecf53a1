"""Which events webhooks may tell of: the one place where an event is offered to systems outside.

Whatever `customers` tells on the bus is offered by itself. An event of another service is offered by a line
in `OTHERS`: the worker then reads its topic too. Events carry no personal data, so neither do webhooks.
"""

from typing import Any

import msgspec

from humidor_common.events import EVENTS, Event
from humidor_common.events import customers as _own  # noqa: F401 - declares the events
from humidor_common.events.contract import schema_of

OTHERS: tuple[type[Event], ...] = ()

_OWN = "customers."


def offered() -> dict[str, type[Event]]:
    """Give the events by their types, in the order of these."""
    own = {name: event for name, event in EVENTS.items() if name.startswith(_OWN)}
    return dict(sorted((own | {event.TYPE: event for event in OTHERS}).items()))


def topics() -> tuple[str, ...]:
    return tuple(sorted({event.TOPIC for event in offered().values()}))


def fields_of(event: type[Event]) -> frozenset[str]:
    return frozenset(event.__struct_fields__)


def describe(event: type[Event]) -> dict[str, Any]:
    """Say what an event means and looks like, for whoever is going to receive it."""
    return {
        "type": event.TYPE,
        "summary": (event.__doc__ or "").strip().splitlines()[0],
        "schema": schema_of(event),
    }


def payload_of(event: Event) -> dict[str, Any]:
    """Give an event as it stands on the bus."""
    payload: dict[str, Any] = msgspec.to_builtins(event)
    return payload
