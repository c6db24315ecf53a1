"""From cells to values, and from values to models, noting everything that is wrong on the way."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from humidor_common.imports.kinds import Item, Key, Kind, Values
from humidor_common.tables.headings import Layout, show
from humidor_common.tables.mistakes import CellError, Mistake, mistake, shorten
from humidor_common.tables.reading import Cell
from humidor_common.tables.values import convert

# pydantic's kinds of errors that people meet in a table, in Chinese.
_CHINESE = {
    "string_too_long": "最多 {max_length} 个字符",
    "string_too_short": "至少 {min_length} 个字符",
    "string_pattern_mismatch": "格式不正确",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "greater_than": "必须大于 {gt}",
    "less_than": "必须小于 {lt}",
    "literal_error": "只能是：{expected}",
    "missing": "不能为空",
}


class RawRow(NamedTuple):
    """A row whose cells are values (those that could be read), and the key where it is valid."""

    number: int
    values: Values
    broken: frozenset[str]
    key: Key | None


def read_rows(kind: Kind, layout: Layout, mistakes: list[Mistake]) -> list[RawRow]:
    """Read the cells of every row; a key that stands there twice is a mistake."""
    seen: dict[Key, int] = {}
    adapters = kind.key_adapters()
    rows = []
    for number, cells in layout.rows:
        row = _read_row(layout, number, cells, mistakes)
        key = _key(adapters, row)
        if key is not None and seen.setdefault(key, number) != number:
            named = "/".join(str(part) for part in key if part is not None)
            column = layout.heading(kind.key[0])
            mistakes.append(
                mistake(number, "repeated-row", column=column, field=kind.key[0], other=seen[key], key=named)
            )
        rows.append(row._replace(key=key))
        extra = next((cell for cell in cells[layout.width :] if cell not in (None, "")), None)
        if extra is not None:
            mistakes.append(mistake(number, "extra-cells", value=show(extra)))
    return rows


def _read_row(layout: Layout, number: int, cells: Sequence[Cell], mistakes: list[Mistake]) -> RawRow:
    values: Values = {}
    broken = set()
    for column, place, heading in layout.headings:
        cell = cells[place] if place < len(cells) else None
        try:
            value = convert(cell, column.kind, digits=column.digits, words=column.words)
        except CellError as error:
            broken.add(column.field)
            named = {"value": show(cell)} | error.named
            mistakes.append(mistake(number, error.code, column=heading, field=column.field, **named))
            continue
        if value is None and column.required:
            broken.add(column.field)
            mistakes.append(mistake(number, "empty", column=heading, field=column.field))
        elif value is not None:
            values[column.field] = value
    return RawRow(number, values, frozenset(broken), None)


def _key(adapters: Mapping[str, Any], row: RawRow) -> Key | None:
    try:
        return tuple(adapter.validate_python(row.values.get(name)) for name, adapter in adapters.items())
    except ValidationError:
        return None


def build_items(
    kind: Kind, layout: Layout, rows: Iterable[RawRow], before: Mapping[Key, Values], mistakes: list[Mistake]
) -> list[Item]:
    """Make a model of every row; what the file has no column for stays as it is."""
    present = {each.column.field for each in layout.headings}
    kept = [name for name in kind.model.model_fields if name not in present]
    items = []
    for row in rows:
        found = before.get(row.key) if row.key is not None else None
        values = {name: found[name] for name in kept if name in found} if found else {}
        try:
            model = kind.model.model_validate(values | row.values)
        except ValidationError as error:
            mistakes += _mistakes(kind, layout, row, error)
            continue
        if not row.broken:
            item = Item(row.number, model, found)
            items.append(item._replace(same=kind.same(item)))
    return items


def _mistakes(kind: Kind, layout: Layout, row: RawRow, error: ValidationError) -> list[Mistake]:
    found = []
    for each in error.errors(include_url=False, include_input=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        if name in row.broken or (not name and row.broken):
            continue
        message = each["msg"].removeprefix("Value error, ")
        chinese = _CHINESE.get(each["type"], "").format_map(_Missing(each.get("ctx") or {}))
        found.append(
            Mistake(
                row=row.number,
                column=shorten(layout.heading(name)) if name else "",
                field=name or None,
                value=layout.shown(row.number, name),
                code=each["type"].replace("_", "-"),
                message=message[:1].lower() + message[1:],
                message_zh=chinese or _translate(kind, message),
            )
        )
    return found


def _translate(kind: Kind, message: str) -> str:
    for pattern, chinese in kind.chinese:
        found = re.fullmatch(pattern, message)
        if found:
            return chinese.format(*found.groups())
    return f"数值不符合要求：{message}"


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
