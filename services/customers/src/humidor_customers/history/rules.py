"""What a change was, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_UNTOLD = frozenset(("version", "changed_at"))
_EMPTY: tuple[Any, ...] = (None, [], {})


class FieldChange(NamedTuple):
    """One field from and to; `custom.shelf` is a field of a field."""

    field: str
    before: Any
    after: Any


def field_changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[FieldChange]:
    """Compare two documents; of a new one every field that is not empty is told.

    `{"name": "A", "version": 1}` and `{"name": "B", "version": 2}` give `name` from A to B.
    """
    return list(_changes(before or {}, after or {}, ""))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old == new or name in _UNTOLD or (old in _EMPTY and new in _EMPTY):
            continue
        if all(each is None or isinstance(each, Mapping) for each in (old, new)):
            yield from _changes(old or {}, new or {}, f"{path}{name}.")
        else:
            yield FieldChange(f"{path}{name}", old, new)
