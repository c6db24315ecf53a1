"""Imports a workbook of caps into a draft: a dry run that lists every mistake, or all of it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.report import MOST_LISTED, MistakeView
from humidor_common.imports.run import in_turn
from humidor_common.tables.headings import SEARCHED_ROWS
from humidor_common.tables.mistakes import Mistake
from humidor_common.tables.reading import read_sheets
from humidor_common.web.problems import FieldError, Problem
from humidor_customers.allocation import queries
from humidor_customers.allocation.schemas import StrategyView
from humidor_customers.allocation.service import get_strategy, line_errors, put_lines, refuse_published
from humidor_customers.imports.strategy_layout import Content, Found, read_strategy

MOST_ROWS = 5000
_PLACE = re.compile(r"lines\[([0-9]+)\]\.([a-z_]+)")


class SheetMistakeView(MistakeView):
    """Something wrong or odd in a sheet."""

    sheet: str


class SheetView(BaseModel):
    """What a sheet was taken for, and how many lines it has."""

    sheet: str
    about: Literal["products", "segments", "ignored"]
    lines: int


class WorkbookReport(BaseModel):
    """What a workbook comes to: `written` only where it was no dry run and nothing is wrong."""

    strategy_id: UUID
    dry_run: bool
    written: bool
    lines: int
    sheets: list[SheetView]
    error_count: int
    warning_count: int
    errors: list[SheetMistakeView]
    warnings: list[SheetMistakeView]


class WorkbookRefused(Problem):
    """A workbook with mistakes was to be written; the problem document has the whole `report`."""

    def __init__(self, report: WorkbookReport) -> None:
        detail = f"The workbook has {report.error_count} mistakes; nothing was written."
        super().__init__(422, "file-refused", detail)
        self.report = report

    def document(self, trace_id: str | None = None) -> dict[str, Any]:
        return super().document(trace_id) | {"report": self.report.model_dump(mode="json")}


async def read_workbook(content: bytes, tiers: int) -> Content:
    """Read a workbook in a thread, in which another process reads it within limits."""
    return await in_turn(_read, content, tiers)


def _read(content: bytes, tiers: int) -> Content:
    tables = read_sheets(content, max_rows=MOST_ROWS + SEARCHED_ROWS)
    return read_strategy(tables, tiers, most_rows=MOST_ROWS)


async def import_workbook(
    conn: Connection,
    principal: Principal,
    strategy_id: UUID,
    content: Content,
    *,
    dry_run: bool,
    now: datetime,
) -> WorkbookReport:
    """Say what a workbook comes to and, unless it is a dry run, give its lines to the draft.

    Raises:
        WorkbookRefused: It was to be written and something is wrong with it.
        Problem: 404; 409 `strategy-published`.
    """
    strategy = await get_strategy(conn, strategy_id)
    refuse_published(strategy)
    errors = [*content.errors, *await _misfits(conn, strategy, content)]
    warnings = [*content.warnings, *await _unknown(conn, content)]
    report = WorkbookReport(
        strategy_id=strategy_id,
        dry_run=dry_run,
        written=not dry_run and not errors,
        lines=len(content.lines),
        sheets=[SheetView(sheet=name, about=about, lines=n) for name, (about, n) in content.sheets.items()],
        error_count=len(errors),
        warning_count=len(warnings),
        errors=_views(errors),
        warnings=_views(warnings),
    )
    if errors and not dry_run:
        raise WorkbookRefused(report)
    if not dry_run:
        await put_lines(conn, principal, (strategy_id, content.lines), if_match=None, now=now)
    return report


async def _misfits(conn: Connection, strategy: StrategyView, content: Content) -> list[Found]:
    found = await line_errors(conn, strategy, content.lines)
    return [_placed(content, each) for each in found]


def _placed(content: Content, error: FieldError) -> Found:
    parts = _PLACE.fullmatch(error.field)
    place, field = (int(parts[1]), parts[2]) if parts else (0, error.field)
    where = content.places[place]
    return _found(where.sheet, where.row, field, ("invalid", error.message, error.message))


async def _unknown(conn: Connection, content: Content) -> list[Found]:
    """Remark on products that the catalogue does not know."""
    products = {line.code for line in content.lines if line.subject == "product"}
    unknown = await queries.unknown_products(conn, products)
    said = ("unknown-product", "the catalogue has no such product", "商品目录中没有该商品")
    return [
        _found(place.sheet, place.row, "code", said)
        for line, place in zip(content.lines, content.places, strict=True)
        if line.subject == "product" and line.code in unknown
    ]


def _found(sheet: str, row: int, field: str, said: tuple[str, str, str]) -> Found:
    code, message, chinese = said
    return Found(sheet, Mistake(row=row, field=field, code=code, message=message, message_zh=chinese))


def _views(found: Sequence[Found]) -> list[SheetMistakeView]:
    names: Iterable[str] = MistakeView.model_fields
    return [
        SheetMistakeView(sheet=sheet, **{name: getattr(each, name) for name in names})
        for sheet, each in found[:MOST_LISTED]
    ]
