"""Columns of a file for the fields that a distributor has defined."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, create_model

from humidor_common.tables.headings import Column
from humidor_customers.fields.schemas import CustomNumber, CustomText, FieldView

_PREFIX = "custom_"
_TYPES: Mapping[str, Any] = {
    "text": CustomText,
    "choice": CustomText,
    "number": CustomNumber,
    "date": date,
    "boolean": bool,
}


def model_of(base: type[BaseModel], fields: Iterable[FieldView]) -> type[BaseModel]:
    """Give a row's model with a field `custom_…` for each."""
    made: dict[str, Any] = {f"{_PREFIX}{each.field}": (_TYPES[each.kind] | None, None) for each in fields}
    return create_model(base.__name__, __base__=base, **made)


def columns_of(fields: Iterable[FieldView]) -> tuple[Column, ...]:
    """Give the columns: known by `custom_metres`, `custom.metres`, and the label in any language."""
    return tuple(
        Column(
            f"{_PREFIX}{each.field}",
            (each.label,),
            (f"custom.{each.field}",),
        )
        for each in fields
    )


def custom_of(item: BaseModel) -> dict[str, Any]:
    """Read the custom values of a row; None where the cell is empty."""
    values = {
        name.removeprefix(_PREFIX): getattr(item, name)
        for name in type(item).model_fields
        if name.startswith(_PREFIX)
    }
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def cells_of(custom: Mapping[str, Any], fields: Iterable[FieldView]) -> dict[str, Any]:
    """Give the values that a customer has as the cells of a row."""
    dates = {each.field for each in fields if each.kind == "date"}
    return {
        f"{_PREFIX}{name}": date.fromisoformat(value) if name in dates else value
        for name, value in custom.items()
    }
