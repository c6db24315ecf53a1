"""What the fields of a model are in a table: a flat list of columns with a kind each."""

import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin
from uuid import UUID

import msgspec
from pydantic import BaseModel

FieldKind = Literal["text", "integer", "number", "boolean", "date", "time", "document"]
_MAX_DEPTH = 3
_SCALARS: tuple[tuple[type, FieldKind], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (datetime, "time"),
    (date, "date"),
    (str, "text"),
    (UUID, "text"),
    (Decimal, "text"),
    (Enum, "text"),
)


class FlatField(NamedTuple):
    """A column: its name (`level.reorder_point` for a field of a field), its kind and where it stands.

    `choices` are the texts that it may have, where these are few; `label` is what it means, in words.
    """

    name: str
    kind: FieldKind
    path: tuple[str, ...]
    choices: tuple[str, ...] = ()
    label: str = ""


def bare(annotation: Any) -> Any:
    """Take `Annotated`, a named alias and `| None` off a type."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__value__"):  # a `type` statement
            annotation = annotation.__value__
        elif origin in (Union, types.UnionType):
            left = [each for each in get_args(annotation) if each is not type(None)]
            if len(left) != 1:
                return Union[tuple(left)]  # noqa: UP007 - made at run time
            annotation = left[0]
        else:
            return annotation


def kind_of(annotation: Any) -> FieldKind:
    """Name the kind of a type; what is no scalar is a `document`, written as JSON."""
    found = bare(annotation)
    if get_origin(found) in (Literal, Union):
        members = get_args(found)
        kinds = {kind_of(type(each) if get_origin(found) is Literal else each) for each in members}
        return kinds.pop() if len(kinds) == 1 else "document"
    if isinstance(found, type):
        return next((kind for scalar, kind in _SCALARS if issubclass(found, scalar)), "document")
    return "document"


def choices_of(annotation: Any) -> tuple[str, ...]:
    """List the texts of a `Literal` or an `Enum`; nothing for other types."""
    found = bare(annotation)
    if isinstance(found, type) and issubclass(found, Enum):
        values = [each.value for each in found]
    else:
        values = list(get_args(found)) if get_origin(found) is Literal else []
    return tuple(values) if all(isinstance(each, str) for each in values) else ()


def flatten(model: type[BaseModel]) -> list[FlatField]:
    """List the columns of a model as it is serialised; models inside it are spread, lists stay documents."""
    return list(_fields(model, ()))


def _fields(model: type[BaseModel], above: tuple[str, ...], said: str = "") -> Iterator[FlatField]:
    for name, field in model.model_fields.items():
        path = (*above, field.serialization_alias or field.alias or name)
        found = bare(field.annotation)
        label = f"{said}: {field.description or name}" if said else field.description or ""
        if isinstance(found, type) and issubclass(found, BaseModel) and len(path) < _MAX_DEPTH:
            yield from _fields(found, path, label)
        else:
            yield FlatField(".".join(path), kind_of(found), path, choices_of(found), label)
    for name, computed in model.model_computed_fields.items():
        path = (*above, computed.alias or name)
        yield FlatField(".".join(path), kind_of(computed.return_type), path)


Value: TypeAlias = str | int | float | bool | None


def row_of(item: Mapping[str, Any], fields: Sequence[FlatField]) -> list[Value]:
    """Take the row out of a decoded JSON item; documents become JSON text."""
    return [_value(item, field) for field in fields]


def _value(item: Any, field: FlatField) -> Value:
    for part in field.path:
        item = item.get(part) if isinstance(item, dict) else None
    if isinstance(item, (dict, list)):
        return msgspec.json.encode(item).decode()
    value: Value = item
    return str(value) if field.kind == "text" and value is not None else value
