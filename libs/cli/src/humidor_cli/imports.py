"""Sends files to the imports of the services."""

import hashlib
from typing import Any

from humidor_cli.client import Client, RefusedError

_FILE_REFUSED = "file-refused"


def send(client: Client, service: str, kind: str, content: bytes, *, dry_run: bool) -> dict[str, Any]:
    """Give the report on a file; the same file is written once, however often it is sent.

    Raises:
        RefusedError: The service does not take the file at all.
    """
    workbook = content.startswith(b"PK")
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    try:
        answer = client.call(
            service,
            "POST",
            "/v1/imports",
            body=content,
            params={"kind": kind, "dry_run": str(dry_run).lower()},
            idempotency_key=None if dry_run else f"{kind}-{hashlib.sha256(content).hexdigest()}",
            media_type=xlsx if workbook else "text/csv",
        )
    except RefusedError as error:
        if error.problem.get("code") != _FILE_REFUSED:
            raise
        refused: dict[str, Any] = error.problem["report"]
        return refused
    report: dict[str, Any] = answer.document
    return report
