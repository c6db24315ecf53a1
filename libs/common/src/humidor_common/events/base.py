"""What every event has: a type, a topic and a key, declared on its class and never derived from its name."""

from typing import Any, ClassVar

import msgspec

EVENTS: dict[str, type["Event"]] = {}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense, immutable; additive changes only within a version.

    A subclass sets `TYPE` (`pos.sale-recorded.v1`), `TOPIC` (`pos.sale.v1`), `KEY` (the field whose value
    is the partition key) and `SUBJECT` (the field that names the aggregate). `COMPACTED` topics keep the
    last event of each key for ever.
    """

    TYPE: ClassVar[str]
    TOPIC: ClassVar[str]
    KEY: ClassVar[str]
    SUBJECT: ClassVar[str]
    COMPACTED: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        event_type = cls.__dict__.get("TYPE")
        if event_type is None:
            return
        if EVENTS.setdefault(event_type, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"two classes declare the event type {event_type}")
        EVENTS[event_type] = cls

    @property
    def key(self) -> str:
        return str(getattr(self, self.KEY))

    @property
    def subject(self) -> str:
        return str(getattr(self, self.SUBJECT))


def source_of(event_type: str) -> str:
    """Name the CloudEvents source: the owning service, the first part of the type."""
    return f"/humidor/{event_type.split('.', 1)[0]}"
