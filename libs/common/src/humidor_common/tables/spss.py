"""Reads the cases of an SPSS file (`.sav`, `.zsav`), as `python -m humidor_common.tables.spss CASES`.

The file comes on standard input, its cases go to standard output as one JSON document of the form that
`workbook` gives: the names of the variables are the first row. Whatever is in the file, the process ends
within its time and memory.
"""

import resource
import sys
import tempfile
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import msgspec

CPU_SECONDS = 60
MEMORY_BYTES = 2 * 1024**3
MOST_VARIABLES = 200


def read(content: bytes, most: int) -> dict[str, Any]:
    """Read `most` cases; a code that has a label becomes its label, what is missing has no value.

    A whole number is given without a fraction, a moment as one of UTC, because SPSS knows no zones.
    """
    import pyreadstat

    with tempfile.NamedTemporaryFile(suffix=".sav") as file:
        file.write(content)
        file.flush()
        _, meta = pyreadstat.read_sav(file.name, metadataonly=True)
        if len(meta.column_names) > MOST_VARIABLES:
            return {"refused": "file-too-large", "detail": f"{len(meta.column_names)} variables"}
        columns, _ = pyreadstat.read_sav(file.name, row_limit=most, output_format="dict")
    names = list(columns)
    cells = [_column(columns[name], meta.variable_value_labels.get(name, {})) for name in names]
    rows = [[1, names], *([n, list(row)] for n, row in enumerate(zip(*cells, strict=True), 2))]
    return {"sheets": [{"sheet": meta.table_name or None, "notes": [], "merged": [], "rows": rows}]}


def _column(values: Any, labels: Mapping[Any, str]) -> list[Any]:
    return [labels.get(each, _cell(each)) if each == each else None for each in values]  # noqa: PLR0124 - NaN


def _cell(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, date | datetime):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return value.isoformat()
    return value


def answer(content: bytes, most: int) -> dict[str, Any]:
    """Give what `read` gives, or `{"refused": code, "detail": …}`."""
    try:
        return read(content, most)
    except MemoryError:
        return {"refused": "file-too-large", "detail": "it does not fit into memory"}
    except Exception as error:  # noqa: BLE001 - a stranger's file may break the reader in any way
        return {"refused": "broken-table", "detail": f"{type(error).__name__}: {error}"[:200]}


def main() -> None:
    """Read the file on standard input under limits of the kernel."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    found = answer(sys.stdin.buffer.read(), int(sys.argv[1]))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
