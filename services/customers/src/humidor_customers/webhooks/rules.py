"""Which event a webhook is told of, and which secrets sign it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

Scalar: TypeAlias = str | int | bool
Filters: TypeAlias = Mapping[str, Sequence[Scalar]]


def matches(filters: Filters, payload: Mapping[str, Any]) -> bool:
    """Tell whether every field that is named has one of its values; a list has each of its entries.

    Example:
        >>> matches({"state": ["active"], "tags": ["north"]}, {"state": "active", "tags": ["a", "north"]})
        True
        >>> matches({"state": ["active"]}, {"state": None}), matches({}, {"state": None})
        (False, True)
    """
    return all(_has_one(payload.get(field), wanted) for field, wanted in filters.items())


def _has_one(value: Any, wanted: Sequence[Scalar]) -> bool:
    values = value if isinstance(value, list) else [value]
    # Type and value: 1 is not true, as it would be in Python.
    known = {(type(each), each) for each in wanted}
    return any((type(each), each) in known for each in values if isinstance(each, str | int))


def unknown_field(filters: Filters, fields: Mapping[str, Collection[str]]) -> tuple[str, str] | None:
    """Find a field that an event lacks, with the event's type: nothing of that type would ever come.

    Args:
        filters: What is asked for.
        fields: The fields of each type.
    """
    lacking = ((field, name) for field in filters for name, known in fields.items() if field not in known)
    return next(lacking, None)


def secrets_in_force(secret: str, previous: str | None, until: datetime | None, now: datetime) -> str:
    """Give the secrets that sign now, the newest first, with a space between: one, or two for a while."""
    return f"{secret} {previous}" if previous and until and now < until else secret


def first_id(at: datetime) -> UUID:
    """Give the least id that can have been made at a moment or later: ids begin with their milliseconds."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
