"""What an import answers: what the file comes to, and everything that is wrong with it."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from humidor_common.tables.mistakes import Mistake
from humidor_common.tables.reading import Format
from humidor_common.web.problems import Problem

MOST_LISTED = 10_000


class MistakeView(BaseModel):
    """Something wrong or odd: the row as a spreadsheet counts, the heading, the value (shortened), why."""

    row: int
    column: str
    field: str | None
    value: str | None
    code: str
    message: str
    message_zh: str


class FileView(BaseModel):
    """How the file was read."""

    format: Format
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    header_row: int
    size_bytes: int
    sha256: str


class ImportReport(BaseModel):
    """What a file comes to: `written` only where it was no dry run and no row was wrong.

    `created`, `changed` and `unchanged` count rows; in a dry run, what would become of them. The lists
    hold the first 10,000; the counts are of all.
    """

    kind: str
    dry_run: bool
    written: bool = False
    file: FileView
    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    error_count: int = 0
    warning_count: int = 0
    errors: list[MistakeView] = Field(default_factory=list)
    warnings: list[MistakeView] = Field(default_factory=list)


def views(mistakes: Iterable[Mistake]) -> list[MistakeView]:
    """List the first 10,000 in the order of the rows."""
    ordered = sorted(mistakes, key=lambda each: each.row)[:MOST_LISTED]
    names = tuple(MistakeView.model_fields)
    return [MistakeView(**{name: getattr(each, name) for name in names}) for each in ordered]


class FileRefused(Problem):
    """A file with mistakes was to be written; the problem document has the whole `report`."""

    def __init__(self, report: ImportReport) -> None:
        detail = f"The file has {report.error_count} mistakes; nothing was written."
        super().__init__(422, "file-refused", detail)
        self.report = report

    def document(self, trace_id: str | None = None) -> dict[str, Any]:
        return super().document(trace_id) | {"report": self.report.model_dump(mode="json")}
