"""What can be imported, as a service declares it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args, get_origin

from pydantic import BaseModel, TypeAdapter

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.tables.fields import bare, kind_of
from humidor_common.tables.headings import Column

Key: TypeAlias = tuple[Any, ...]
Values: TypeAlias = dict[str, Any]


class Item(NamedTuple):
    """One row that fits the model: its number in the file, the values, and what there is of it already.

    `same` tells that it changes nothing.
    """

    row: int
    values: Any
    before: Values | None
    same: bool = False


class Finding(NamedTuple):
    """What is wrong (or, with `warning`, odd) about the item at this place, in English and Chinese."""

    place: int
    field: str
    code: str
    message: str
    message_zh: str
    warning: bool = False


Current: TypeAlias = Callable[[Connection, Sequence[Key]], Awaitable[Mapping[Key, Values]]]
Check: TypeAlias = Callable[[Connection, Principal, Sequence[Item]], Awaitable[Sequence[Finding]]]
Write: TypeAlias = Callable[[Connection, Principal, Sequence[Item], datetime], Awaitable[Sequence[Finding]]]


def _equal(item: Item) -> bool:
    before = item.before
    return before is not None and all(before.get(n) == v for n, v in item.values.model_dump().items())


@dataclass(frozen=True)
class Kind:
    """One thing that can be imported.

    Args:
        name: `opening-stock`; also the template's name.
        title: In English and Chinese.
        model: The input model of the single endpoint, so that no rule differs.
        key: The fields that name a row; a file says each once.
        columns: Headings; a field of the model without one is known by its own name alone.
        write: Writes the items that are new or changed, with events and audit trail; gives what it refuses.
        current: Reads what there is by key. What a file has no column for stays; an empty cell clears.
        check: Finds what only the database knows. Writes nothing.
        write_checks: Whether `write` refuses all that `check` finds, so that only a dry run needs `check`.
        same: Whether an item changes nothing.
        lock: Takes the locks under which what was read stays true; not for a dry run.
        permit: Refuses callers as a whole.
        chinese: Sentences for messages of the model's own validators: a pattern and its translation.
        example: The template's row.
        max_rows: Of a file.
        most: How many different values of a field of the key a file may name.
        renew: Gives the kind as it is now, where people define columns of their own.
    """

    name: str
    title: tuple[str, str]
    model: type[BaseModel]
    key: tuple[str, ...]
    write: Write
    columns: tuple[Column, ...] = ()
    current: Current | None = None
    check: Check | None = None
    write_checks: bool = False
    same: Callable[[Item], bool] = _equal
    lock: Callable[[Connection, Sequence[Key]], Awaitable[None]] | None = None
    permit: Callable[[Principal], None] = lambda _: None
    chinese: tuple[tuple[str, str], ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    max_rows: int = 50_000
    most: Mapping[str, int] = field(default_factory=dict)
    renew: Callable[[Connection], Awaitable["Kind"]] | None = None

    async def now(self, conn: Connection) -> "Kind":
        """Give the kind with the columns of today."""
        return self if self.renew is None else await self.renew(conn)

    def all_columns(self) -> tuple[Column, ...]:
        """Give the declared columns, completed from the model, and one for each further field of it."""
        declared = {column.field: column for column in self.columns}
        found = []
        for name in dict.fromkeys((*declared, *self.model.model_fields)):
            info = self.model.model_fields[name]
            column = declared.get(name, Column(name))
            kind = kind_of(info.annotation)
            if kind == "document" and name not in declared:
                continue
            found.append(
                Column(
                    name,
                    column.chinese,
                    column.english,
                    kind,
                    info.is_required(),
                    column.digits,
                    _words(info.annotation, column.words),
                    column.note,
                )
            )
        return tuple(found)

    def key_adapters(self) -> dict[str, TypeAdapter[Any]]:
        """Give what validates the fields of the key by themselves."""
        fields = {name: self.model.model_fields[name] for name in self.key}
        types: dict[str, Any] = {
            name: Annotated[info.annotation, *info.metadata, None] for name, info in fields.items()
        }
        return {name: TypeAdapter(each) for name, each in types.items()}


def _words(annotation: Any, more: Mapping[str, Any] | None) -> dict[str, Any] | None:
    found = bare(annotation)
    if get_origin(found) is not Literal:
        return None
    return {str(value).lower(): value for value in get_args(found)} | dict(more or {})
