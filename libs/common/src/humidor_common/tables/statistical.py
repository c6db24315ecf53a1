"""Writes SPSS `.sav` or SAS `.xpt` of rows, as `python -m humidor_common.tables.statistical KIND TABLE`.

The fields come as the first line of JSON on standard input, then a line for each row; the file goes to
standard output. Both formats are written as a whole out of a data frame: in a process of its own that
neither adds 90 MB to the service nor keeps what a large list takes.
"""

import resource
import sys
import tempfile
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

from humidor_common.tables.fields import FlatField, Value
from humidor_common.tables.statistical_names import (
    LABEL_BYTES,
    TEXT_BYTES,
    Variable,
    cut,
    sas_program,
    spss_program,
    variable_names,
)

MEMORY_BYTES = 4 * 1024**3
BIGGEST_EXACT = 2**53
"""Both programs know no other number than a double; beyond this a whole number is written as text."""


class Column:
    """One column: what goes into the frame, and what the program is told of it."""

    def __init__(self, field: FlatField, values: Sequence[Value]) -> None:
        self.field = field
        self.labels: dict[int | float, str] = {}
        self.format: str | None = None
        self.measure = "scale"
        self.cells: list[Any] = getattr(self, f"_{field.kind}")(list(values))

    def _text(self, values: list[Any]) -> list[Any]:
        choices = self.field.choices
        self.measure = "nominal"
        if choices and {each for each in values if each is not None} <= set(choices):
            self.labels.update(enumerate(choices, 1))
            codes = {text: code for code, text in self.labels.items()}
            self.format = "F8.0"
            return [None if each is None else float(codes[each]) for each in values]
        # Neither program tells an empty text from none.
        return [
            "" if each is None else cut(str(each).replace("\x00", "\ufffd"), TEXT_BYTES) for each in values
        ]

    _document = _text

    def _boolean(self, values: list[Any]) -> list[Any]:
        self.labels, self.format, self.measure = {0: "false", 1: "true"}, "F8.0", "nominal"
        return [None if each is None else float(each) for each in values]

    def _integer(self, values: list[Any]) -> list[Any]:
        if any(each is not None and abs(each) > BIGGEST_EXACT for each in values):
            return self._text([each if each is None else str(each) for each in values])
        self.format = "F18.0"
        return [None if each is None else float(each) for each in values]

    def _number(self, values: list[Any]) -> list[Any]:
        self.format = "F24.8"
        return [None if each is None else float(each) for each in values]

    def _date(self, values: list[Any]) -> list[Any]:
        return [each and date.fromisoformat(each) for each in values]

    def _time(self, values: list[Any]) -> list[Any]:
        moments = [each and datetime.fromisoformat(each) for each in values]
        return [
            each and (each.astimezone(UTC) if each.tzinfo else each).replace(tzinfo=None) for each in moments
        ]


def write(
    kind: str, table: str, fields: Sequence[FlatField], rows: Sequence[Sequence[Value]]
) -> tuple[bytes, str]:
    """Give the file, and the program of SPSS or SAS that goes with it.

    Moments become those of UTC without a zone, whole numbers beyond 2⁵³ and documents become text, and texts
    and labels are cut between characters where the format is shorter.
    """
    columns = [Column(field, [row[n] for row in rows]) for n, field in enumerate(fields)]
    names = variable_names([field.name for field in fields], kind)
    variables = [
        Variable(name, _label(column.field), column.labels)
        for name, column in zip(names, columns, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="humidor-table-") as directory:
        path = Path(directory) / "table"
        _save(kind, table, path, (variables, columns))
        content = path.read_bytes()
    if kind == "xpt":
        return content, sas_program(table, variables)
    measures = {name: column.measure for name, column in zip(names, columns, strict=True)}
    return content, spss_program(table, variables, measures)


def _label(field: FlatField) -> str:
    """Say what a column is: the list's own words, or else its name; and that a moment is one of UTC."""
    words = f"{field.label} [{field.name}]" if field.label else field.name
    return cut(f"{words} (UTC)" if field.kind == "time" else words, LABEL_BYTES)


def _save(kind: str, table: str, path: Path, what: tuple[Sequence[Variable], Sequence[Column]]) -> None:
    import pandas as pd
    import pyreadstat

    variables, columns = what
    named = list(zip(variables, columns, strict=True))
    frame = pd.DataFrame({each.name: _series(column, pd) for each, column in named})
    labels: dict[str, str | None] = {each.name: each.label for each in variables}
    if kind == "xpt":
        pyreadstat.write_xport(frame, path, column_labels=labels, table_name=table, file_format_version=8)
        return
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=labels,
        variable_value_labels={each.name: each.labels for each in variables if each.labels},
        variable_measure={each.name: column.measure for each, column in named},
        variable_format={each.name: column.format for each, column in named if column.format},
        row_compress=True,
    )


def _series(column: Column, pd: Any) -> Any:
    if column.field.kind in ("date", "time") and any(each is not None for each in column.cells):
        return pd.Series(column.cells, dtype=object)
    is_text = column.cells and isinstance(column.cells[0], str)
    if is_text or (not column.cells and column.field.kind in ("text", "document") and not column.labels):
        return pd.Series(column.cells, dtype="string")
    return pd.Series(column.cells, dtype="float64")


def read_told(source: IO[bytes]) -> tuple[list[FlatField], list[list[Value]]]:
    """Read what the service wrote: fields, then rows."""
    fields = msgspec.json.decode(source.readline(), type=list[FlatField])
    return fields, [msgspec.json.decode(line) for line in source]


def main() -> None:
    """Write the program's length, the program and the file."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    kind, table = sys.argv[1:]
    content, program = write(kind, table, *read_told(sys.stdin.buffer))
    out = sys.stdout.buffer
    out.write(msgspec.json.encode(program) + b"\n")
    out.write(content)


if __name__ == "__main__":
    main()
