"""Reads a file, finds everything that is wrong with it, and writes all of it or nothing."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Kind
from humidor_common.imports.report import FileRefused, FileView, ImportReport, views
from humidor_common.imports.rows import RawRow, build_items, read_rows
from humidor_common.tables.headings import SEARCHED_ROWS, Layout, keep_within, lay_out
from humidor_common.tables.mistakes import Mistake, mistake
from humidor_common.tables.reading import read_table

FILES_AT_ONCE = 2
READ_ROWS = 2000
WRITTEN_ROWS = 5000

T = TypeVar("T")


_reading = asyncio.Semaphore(FILES_AT_ONCE)


class Reading(NamedTuple):
    """A file as it was read, before anything is asked of the database."""

    kind: Kind
    view: FileView
    layout: Layout
    rows: list[RawRow]
    errors: list[Mistake]
    warnings: list[Mistake]


async def read_file(kind: Kind, content: bytes, name: str = "") -> Reading:
    """Read a file in its turn, for an import of this kind."""
    return await in_turn(_read, kind, content, name)


async def in_turn(read: Callable[..., T], *given: Any, **named: Any) -> T:
    """Read in a thread, two files at a time: it may take seconds, and no connection waits for it."""
    async with _reading:
        return await asyncio.to_thread(read, *given, **named)


def _read(kind: Kind, content: bytes, name: str) -> Reading:
    # Titles above the headings are no rows of the table.
    table = read_table(content, max_rows=kind.max_rows + SEARCHED_ROWS, name=name)
    layout = lay_out(table, kind.all_columns())
    keep_within(layout, kind.max_rows)
    errors = list(layout.errors)
    rows = read_rows(kind, layout, errors) if layout.headings else []
    for n, part in enumerate(kind.key):
        found = {row.key[n] for row in rows if row.key is not None}
        if len(found) > kind.most.get(part, kind.max_rows):
            limit, heading = kind.most[part], layout.heading(part)
            errors.append(
                mistake(layout.header_row, "too-many-values", column=heading, field=part, limit=limit)
            )
    view = FileView(
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        header_row=layout.header_row,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return Reading(kind, view, layout, rows, errors, list(layout.warnings))


async def run_import(
    conn: Connection, principal: Principal, reading: Reading, *, now: datetime, dry_run: bool
) -> ImportReport:
    """Say what the file comes to and, unless it is a dry run, write it: in this transaction, all or nothing.

    Raises:
        FileRefused: It was to be written and something is wrong with it; the caller rolls back.
    """
    kind = reading.kind
    kind.permit(principal)
    run = _Run(conn, principal, reading, list(reading.errors), list(reading.warnings), dry_run)
    report = ImportReport(kind=kind.name, dry_run=dry_run, file=reading.view, rows=len(reading.rows))
    if not any(error.code == "missing-column" for error in run.errors):
        written = await _plan(run, report)
        if not dry_run and not run.errors:
            await _write(run, written, now)
            if written:
                await _note(conn, principal, report)
            report.written = not run.errors
    report.errors, report.error_count = views(run.errors), len(run.errors)
    report.warnings, report.warning_count = views(run.warnings), len(run.warnings)
    if run.errors and not dry_run:
        raise FileRefused(report)
    return report


class _Run(NamedTuple):
    """One import under way, and what it has found so far."""

    conn: Connection
    principal: Principal
    reading: Reading
    errors: list[Mistake]
    warnings: list[Mistake]
    dry_run: bool


async def _plan(run: _Run, report: ImportReport) -> list[Item]:
    """Look at all rows, a piece at a time to give others their turn; gives what is to be written."""
    kind, rows = run.reading.kind, run.reading.rows
    if kind.lock and not run.dry_run and not run.errors:
        await kind.lock(run.conn, [row.key for row in rows if row.key is not None])
    written: list[Item] = []
    for start in range(0, len(rows), READ_ROWS):
        piece = rows[start : start + READ_ROWS]
        keys = [row.key for row in piece if row.key is not None]
        before = await kind.current(run.conn, keys) if kind.current and keys else {}
        items = await asyncio.to_thread(build_items, kind, run.reading.layout, piece, before, run.errors)
        if kind.check and items and (run.dry_run or not kind.write_checks):
            _sort_out(run, items, await kind.check(run.conn, run.principal, items))
        left = [item for item in items if not item.same]
        report.unchanged += len(items) - len(left)
        report.created += sum(item.before is None for item in left)
        report.changed += sum(item.before is not None for item in left)
        written += left if not run.dry_run else []
    return written


async def _write(run: _Run, items: Sequence[Item], now: datetime) -> None:
    for start in range(0, len(items), WRITTEN_ROWS):
        piece = items[start : start + WRITTEN_ROWS]
        _sort_out(run, piece, await run.reading.kind.write(run.conn, run.principal, piece, now))


def _sort_out(run: _Run, items: Sequence[Item], findings: Sequence[Finding]) -> None:
    for finding in findings:
        row, layout = items[finding.place].row, run.reading.layout
        made = Mistake(
            row=row,
            column=layout.heading(finding.field),
            field=finding.field or None,
            value=layout.shown(row, finding.field),
            code=finding.code,
            message=finding.message,
            message_zh=finding.message_zh,
        )
        (run.warnings if finding.warning else run.errors).append(made)


async def _note(conn: Connection, principal: Principal, report: ImportReport) -> None:
    after = report.model_dump(mode="json", exclude={"errors", "warnings", "dry_run", "written"})
    await audit.record(conn, principal, "import", report.kind, report.file.sha256, after=after)
