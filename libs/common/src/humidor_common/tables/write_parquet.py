"""Writes Parquet with the types of the list's fields, a row group a page."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from humidor_common.tables.fields import FlatField, Value
from humidor_common.tables.pipe import Pipe


class ParquetWriter:
    """Gives the bytes of a file piece by piece; pyarrow (60 MB) is loaded when the first one is made."""

    media_type = "application/vnd.apache.parquet"
    suffix = "parquet"

    def __init__(self, fields: Sequence[FlatField], _title: str) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        types = {
            "text": pa.string(),
            "document": pa.string(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.date32(),
            "time": pa.timestamp("us", tz="UTC"),
        }
        self._fields = fields
        self._schema = pa.schema([(field.name, types[field.kind]) for field in fields])
        self._sink = Pipe()
        self._writer = parquet.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema)
        self._table = pa.Table

    def begin(self) -> bytes:
        return self._sink.take()

    def rows(self, rows: Iterable[Sequence[Value]]) -> bytes:
        columns = list(zip(*rows, strict=True)) or [()] * len(self._fields)
        arrays = {
            field.name: [_typed(value, field) for value in column]
            for field, column in zip(self._fields, columns, strict=True)
        }
        self._writer.write_table(self._table.from_pydict(arrays, schema=self._schema))
        return self._sink.take()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.take()


def _typed(value: Value, field: FlatField) -> Any:
    if not isinstance(value, str) or field.kind in ("text", "document"):
        return value if value is None or field.kind not in ("text", "document") else str(value)
    if field.kind == "date":
        return date.fromisoformat(value)
    at = datetime.fromisoformat(value)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
