"""Says in an API's description which lists can be had as files."""

from collections.abc import Iterable
from typing import Any

_PARAMETER = {
    "name": "format",
    "in": "query",
    "required": False,
    "description": "`csv`, `xlsx`, `parquet`, `sav` (SPSS), `xpt` (SAS: a zip with its PROC FORMAT)"
    " or `stats` (a zip for both, with syntax that reads it) answers with a file of all rows that"
    " match, whatever `limit` and `cursor` say. The same by `Accept`.",
    "schema": {
        "type": "string",
        "enum": ["json", "csv", "xlsx", "parquet", "sav", "xpt", "stats"],
        "default": "json",
        "title": "Format",
    },
}
_LIMIT = "Up to {:,} rows; a longer list is refused, and `POST /v1/exports` has a job make the file."
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {
    "text/csv": _BINARY,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _BINARY,
    "application/vnd.apache.parquet": _BINARY,
    "application/x-spss-sav": _BINARY,
    "application/zip": _BINARY,
}


def document_exports(
    description: dict[str, Any], paths: Iterable[str], direct_rows: int | None = None
) -> None:
    """Add the parameter and the media types to the lists of an OpenAPI document, in place."""
    parameter = dict(_PARAMETER)
    if direct_rows is not None:
        parameter["description"] = (
            f"{_PARAMETER['description']} Up to {direct_rows} rows: `POST /v1/exports`."
        )
    for path in paths:
        operation = description["paths"].get(path, {}).get("get")
        if operation is not None:
            operation.setdefault("parameters", []).append(parameter)
            operation["responses"]["200"]["content"].update(_CONTENT)
