"""Reads a file, finds everything that is wrong with it, and writes all of it or nothing."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Kind
from humidor_common.imports.report import FileRefused, FileView, ImportReport, views
from humidor_common.imports.rows import RawRow, build_items, read_rows
from humidor_common.tables.headings import Layout, lay_out
from humidor_common.tables.mistakes import Mistake, mistake
from humidor_common.tables.reading import read_table

CHUNK_ROWS = 5000


class Reading(NamedTuple):
    """A file as it was read, before anything is asked of the database."""

    kind: Kind
    view: FileView
    layout: Layout
    rows: list[RawRow]
    errors: list[Mistake]
    warnings: list[Mistake]


async def read_file(kind: Kind, content: bytes, name: str = "") -> Reading:
    """Read a file in a thread: it may take seconds, and no connection waits for it."""
    return await asyncio.to_thread(_read, kind, content, name)


def _read(kind: Kind, content: bytes, name: str) -> Reading:
    table = read_table(content, max_rows=kind.max_rows, name=name)
    layout = lay_out(table, kind.all_columns())
    errors = list(layout.errors)
    if len(layout.rows) > kind.max_rows:
        errors.append(mistake(layout.rows[kind.max_rows][0], "too-many-rows", limit=kind.max_rows))
        layout.rows = layout.rows[: kind.max_rows]
    rows = read_rows(kind, layout, errors) if layout.headings else []
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
    kind, errors, warnings = reading.kind, list(reading.errors), list(reading.warnings)
    items: list[Item] = []
    if not any(error.code == "missing-column" for error in errors):
        items = await _plan(conn, principal, reading, errors, dry_run=dry_run)
        found = await kind.check(conn, principal, items) if kind.check and items else ()
        _sort_out(reading, items, found, errors, warnings)
    same = [kind.same(item) for item in items]
    report = ImportReport(
        kind=kind.name,
        dry_run=dry_run,
        file=reading.view,
        rows=len(reading.rows),
        created=sum(item.before is None for item in items),
        changed=sum(item.before is not None and not left for item, left in zip(items, same, strict=True)),
        unchanged=sum(same),
    )
    if not dry_run and not errors:
        written = [item for item, left in zip(items, same, strict=True) if not left]
        refused = await _write(conn, principal, kind, written, now)
        _sort_out(reading, written, refused, errors, warnings)
        if written:
            await _note(conn, principal, report)
        report.written = not errors
    report.errors, report.error_count = views(errors), len(errors)
    report.warnings, report.warning_count = views(warnings), len(warnings)
    if errors and not dry_run:
        raise FileRefused(report)
    return report


async def _plan(
    conn: Connection, principal: Principal, reading: Reading, errors: list[Mistake], *, dry_run: bool
) -> list[Item]:
    kind = reading.kind
    kind.permit(principal)
    keys = [row.key for row in reading.rows if row.key is not None]
    if kind.lock and not dry_run and not errors:
        await kind.lock(conn, keys)
    items: list[Item] = []
    for start in range(0, len(reading.rows), CHUNK_ROWS):
        rows = reading.rows[start : start + CHUNK_ROWS]
        keys = [row.key for row in rows if row.key is not None]
        before = await kind.current(conn, keys) if kind.current and keys else {}
        items += await asyncio.to_thread(build_items, kind, reading.layout, rows, before, errors)
    return items


async def _write(
    conn: Connection, principal: Principal, kind: Kind, items: Sequence[Item], now: datetime
) -> list[Finding]:
    refused: list[Finding] = []
    for start in range(0, len(items), CHUNK_ROWS):
        found = await kind.write(conn, principal, items[start : start + CHUNK_ROWS], now)
        refused += [finding._replace(place=finding.place + start) for finding in found]
    return refused


def _sort_out(
    reading: Reading,
    items: Sequence[Item],
    findings: Sequence[Finding],
    errors: list[Mistake],
    warnings: list[Mistake],
) -> None:
    shown = {row.number: row.shown for row in reading.rows} if findings else {}
    for finding in findings:
        row = items[finding.place].row
        made = Mistake(
            row=row,
            column=reading.layout.heading(finding.field),
            field=finding.field or None,
            value=shown[row].get(finding.field),
            code=finding.code,
            message=finding.message,
            message_zh=finding.message_zh,
        )
        (warnings if finding.warning else errors).append(made)


async def _note(conn: Connection, principal: Principal, report: ImportReport) -> None:
    after = report.model_dump(mode="json", exclude={"errors", "warnings", "dry_run", "written"})
    await audit.record(conn, principal, "import", report.kind, report.file.sha256, after=after)
