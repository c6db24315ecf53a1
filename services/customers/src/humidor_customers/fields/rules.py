"""What a custom field may hold."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

Kind = Literal["text", "number", "date", "choice", "boolean"]
Value: TypeAlias = str | int | float | bool

MOST_TEXT = 200
LARGEST_NUMBER = 10**15


class Definition(NamedTuple):
    """A custom field: its kind, its choices, whether every customer needs it, whether it is old."""

    kind: Kind
    choices: frozenset[str] = frozenset()
    required: bool = False
    retired: bool = False


def value_error(value: Value, definition: Definition) -> str | None:
    """Say what is wrong with a value; None where nothing is.

    `2026-11-26` fits a date, `2026-11-31` does not; true fits a boolean and no number.
    """
    if definition.kind == "boolean":
        return None if isinstance(value, bool) else "is not true or false"
    if definition.kind == "number":
        wrong = isinstance(value, (bool, str)) or abs(value) > LARGEST_NUMBER
        return f"is not a number up to {LARGEST_NUMBER}" if wrong else None
    return _text_error(value, definition) if isinstance(value, str) else "is not text"


def _text_error(text: str, definition: Definition) -> str | None:
    if definition.kind == "date":
        return None if _is_date(text) else "is not a date such as 2026-11-26"
    if definition.kind == "choice" and text not in definition.choices:
        return f"is not one of {', '.join(sorted(definition.choices))}"
    return None if 0 < len(text) <= MOST_TEXT else f"has no or more than {MOST_TEXT} characters"


def custom_errors(
    given: Mapping[str, Value], kept: Mapping[str, Value], definitions: Mapping[str, Definition]
) -> Iterator[tuple[str, str]]:
    """Name the fields that are wrong and why.

    A retired field keeps the value it has (`kept`) and takes no other.
    """
    for name, value in given.items():
        definition = definitions.get(name)
        if definition is None:
            yield name, "there is no such custom field"
        elif definition.retired and (name not in kept or kept[name] != value):
            yield name, "this custom field is retired"
        elif message := value_error(value, definition):
            yield name, message
    for name, definition in definitions.items():
        if definition.required and not definition.retired and name not in given:
            yield name, "is required"


def parse_search(text: str, definition: Definition) -> Value | None:
    """Read the value in a query such as `shelf_metres=3.5`; None where it cannot be of the field."""
    value: Value = text
    if definition.kind == "boolean":
        if text not in ("true", "false"):
            return None
        value = text == "true"
    if definition.kind == "number":
        try:
            value = float(text)
        except ValueError:
            return None
    return None if value_error(value, definition) else value


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
