"""Reads the trade's workbook of a strategy: totals by price segment × tier, and caps by product × tier.

Sheets with a column of product codes hold caps of products, those with a price segment and no product totals
of segments; other sheets are left out. Caps are in cartons. Tiers stand in the headings as `30`, `30档`,
`第30档` or as the 32-digit ids of a system's export.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from humidor_common.tables.fields import FieldKind
from humidor_common.tables.headings import SEARCHED_ROWS, Column, Layout, keep_within, lay_out
from humidor_common.tables.mistakes import CellError, Mistake, mistake
from humidor_common.tables.reading import Cell, Table
from humidor_common.tables.values import convert
from humidor_customers.allocation.refusals import forbidden_heading
from humidor_customers.allocation.schemas import LineInput
from humidor_customers.imports.rules import split_list
from humidor_customers.imports.words import FORMATS, MARKETS

_MODES = {
    "按档位": "all",
    "档位": "all",
    "档位投放": "all",
    "按档位投放": "all",
    "全部": "all",
    "市场类型": "market_type",
    "按市场类型": "market_type",
    "按市场类型投放": "market_type",
    "业态": "business_format",
    "按业态": "business_format",
    "按业态投放": "business_format",
    "区域": "trade_area",
    "按区域": "trade_area",
    "商圈": "trade_area",
    "按商圈": "trade_area",
    "线路": "sales_line",
    "按线路": "sales_line",
    "标签": "tag",
    "按标签": "tag",
    "标签组合": "tag",
    "选点": "retailer",
    "选点投放": "retailer",
    "选择零售户": "retailer",
    **{mode: mode for mode in ("all", "market_type", "business_format", "trade_area", "sales_line", "tag")},
    "retailer": "retailer",
}
_WORDS: Mapping[str, Mapping[str, str]] = {"market_type": MARKETS, "business_format": FORMATS}
_COLUMNS = (
    Column(
        "code",
        ("商品编码", "卷烟编码", "产品编码", "商品代码", "卷烟代码", "规格编码", "条码"),
        ("gtin", "product", "product code"),
        digits=True,
    ),
    Column("name", ("卷烟名称", "商品名称", "规格名称", "品名", "名称", "规格")),
    Column("mode", ("投放模式", "投放方式"), ("release mode",), words=_MODES),
    Column("audience", ("投放对象", "投放范围", "投放区域")),
    Column("price_segment", ("段位", "价位段", "价格段", "价位"), ("segment",)),
    Column("price", ("批发价", "购进价", "调拨价", "零售价", "建议零售价", "单价")),
)


class Place(NamedTuple):
    """Where something stands in a workbook."""

    sheet: str
    row: int


class Found(NamedTuple):
    """A mistake (or a remark) in a sheet."""

    sheet: str
    mistake: Mistake


class Content(NamedTuple):
    """The lines of a workbook, where each stands, how many each sheet has, and what is wrong."""

    lines: list[LineInput]
    places: list[Place]
    sheets: dict[str, tuple[str, int]]
    errors: list[Found]
    warnings: list[Found]


def read_strategy(tables: Sequence[Table], tiers: int, *, most_rows: int) -> Content:
    """Read lines out of the sheets of a workbook, of `most_rows` each, for a scheme of so many tiers."""
    content = Content([], [], {}, [], [])
    columns = (*_COLUMNS, *(_tier_column(tier) for tier in range(1, 101)))
    for table in tables:
        name = table.sheet or ""
        layout = lay_out(_with_text_headings(table), columns)
        keep_within(layout, most_rows)
        known = {each.column.field for each in layout.headings}
        caps = {each.column.field for each in layout.headings if each.column.field.startswith("tier_")}
        unreadable = bool(table.errors)
        if not unreadable and (not caps or not known & {"code", "price_segment"}):
            content.sheets[name] = ("ignored", 0)
            continue
        content.errors.extend(Found(name, each) for each in layout.errors)
        content.warnings.extend(Found(name, each) for each in layout.warnings)
        if unreadable:
            continue
        content.errors.extend(Found(name, each) for each in _misfits(layout, caps, tiers))
        before = len(content.lines)
        _read_rows(content, name, layout, tiers)
        about = "products" if "code" in known else "segments"
        content.sheets[name] = (about, len(content.lines) - before)
    if not content.lines and not content.errors:
        content.errors.append(Found("", mistake(1, "no-rows")))
    return content


def _tier_column(tier: int) -> Column:
    chinese = (f"{tier}档", f"第{tier}档", f"{tier}档位", f"{tier:02d}档", f"档位{tier}")
    english = (str(tier), f"{tier:02d}", f"{tier:032d}", f"tier {tier}")
    return Column(f"tier_{tier}", chinese, tuple(dict.fromkeys(english)))


def _with_text_headings(table: Table) -> Table:
    """Write numbers among the first rows as text, because a heading may be one."""
    rows = [
        (number, [_text(cell) for cell in cells] if place < SEARCHED_ROWS else cells)
        for place, (number, cells) in enumerate(table.rows)
    ]
    return table._replace(rows=rows)


def _text(cell: Cell) -> Cell:
    return str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _misfits(layout: Layout, caps: set[str], tiers: int) -> Iterator[Mistake]:
    """Say which tiers are missing or too many, and which columns break a rule."""
    wanted = {f"tier_{tier}" for tier in range(1, tiers + 1)}
    if caps != wanted:
        off = ", ".join(sorted((each.removeprefix("tier_") for each in caps ^ wanted), key=int))
        text = f"the scheme has {tiers} tiers; missing or too many are {off}"
        chinese = f"档位方案共 {tiers} 档；缺少或多出：{off}"
        yield Mistake(row=layout.header_row, code="wrong-tiers", message=text, message_zh=chinese)
    for each in layout.warnings:
        if each.code == "unknown-column" and (refusal := forbidden_heading(each.column)):
            yield Mistake(
                row=layout.header_row,
                column=each.column,
                code=refusal.code,
                message=f"{refusal.rule} {refusal.source}",
                message_zh=refusal.rule_zh,
            )


def _read_rows(content: Content, sheet: str, layout: Layout, tiers: int) -> None:
    for number, cells in layout.rows:
        values: dict[str, Any] = {}
        wrong = False
        for column, place, heading in layout.headings:
            cell = cells[place] if place < len(cells) else None
            kind: FieldKind = "integer" if column.field.startswith("tier_") else "text"
            if column.field in ("name", "price"):
                continue
            try:
                values[column.field] = convert(cell, kind, digits=column.digits, words=column.words)
            except CellError as error:
                found = mistake(number, error.code, column=heading, field=column.field, **error.named)
                content.errors.append(Found(sheet, found))
                wrong = True
        if not wrong and any(value is not None for value in values.values()):
            _add(content, Place(sheet, number), values, tiers)


def _add(content: Content, place: Place, values: Mapping[str, Any], tiers: int) -> None:
    mode = values.get("mode") or "all"
    product = "code" in values
    words = _WORDS.get(mode, {})
    given = {
        "subject": "product" if product else "segment",
        "code": values["code"] if product else values.get("price_segment"),
        "price_segment": values.get("price_segment") if product else None,
        "mode": mode,
        "audience": [words.get(each, each) for each in split_list(values.get("audience"))],
        "caps_cartons": [values.get(f"tier_{tier}") for tier in range(1, tiers + 1)],
    }
    try:
        content.lines.append(LineInput.model_validate(given))
        content.places.append(place)
    except ValidationError as error:
        content.errors.extend(_unfit(place, error))


def _unfit(place: Place, error: ValidationError) -> Iterator[Found]:
    for each in error.errors(include_url=False, include_input=False):
        field = str(each["loc"][0]) if each["loc"] else ""
        message = each["msg"].removeprefix("Value error, ")
        column = (
            f"{each['loc'][1] + 1}" if len(each["loc"]) > 1 and isinstance(each["loc"][1], int) else field
        )
        yield Found(
            place.sheet,
            Mistake(
                row=place.row,
                column=column,
                field=field or None,
                code="invalid",
                message=message,
                message_zh=f"数值不符合要求：{message}",
            ),
        )
