"""Every list as a file: `?format=csv|xlsx|parquet|sav|xpt|stats` on any route that answers with a `Page`.

No route has code for it. A request for a file is answered by asking the list itself for one page after the
other: its filters, scopes and checks of stores hold for the file too, and no transaction stays open.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from humidor_common.tables.fields import FlatField
from humidor_common.web.errors import problem_response
from humidor_common.web.export_docs import document_exports
from humidor_common.web.lists import ListRoute, Piece, Writer, ask_page, find_list, find_lists, write_pages
from humidor_common.web.problems import FieldError, Problem, invalid

__all__ = ["FORMATS", "Exports", "find_lists", "install", "make_writer"]

FORMATS = ("csv", "xlsx", "parquet", "sav", "xpt", "stats")
_BY_MEDIA_TYPE = {
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.apache.parquet": "parquet",
    "application/x-spss-sav": "sav",
}


def install(app: FastAPI, direct_rows: int | None = None) -> None:
    """Let every list of the app be had as a file, and say so in its description.

    With `direct_rows` a longer list is refused: a job of the service makes its file (`POST /v1/exports`).
    """
    app.add_middleware(Exports, direct_rows=direct_rows)
    describe: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document_exports(describe(), [each.described_as for each in find_lists(app)], direct_rows)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


class Exports:
    """Answers a request for a file out of the pages of the list."""

    def __init__(self, app: ASGIApp, direct_rows: int | None = None) -> None:
        self._app = app
        self._direct_rows = direct_rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = _wanted(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        found = find_list(scope["app"], scope["path"]) if wanted is not None else None
        if wanted is None or found is None or wanted == "json":
            await self._app(scope, receive, send)
        elif wanted not in FORMATS:
            refusal = invalid("format", f"is none of json, {', '.join(FORMATS)}")
            await problem_response(refusal)(scope, receive, send)
        else:
            await self._export(found, wanted, Request(scope, receive), send)

    async def _export(self, found: ListRoute, wanted: str, request: Request, send: Send) -> None:
        scope = request.scope
        start, body = await ask_page(self._app, scope)
        if start["status"] != 200:
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        writer: Writer = await asyncio.to_thread(make_writer, wanted, found.fields, found.name)
        kept: list[Piece] = []
        pieces = write_pages(self._app, scope, found, writer, body)
        if self._direct_rows is not None:
            async for piece in pieces:
                if piece.rows > self._direct_rows:
                    await problem_response(too_long(self._direct_rows))(scope, request.receive, send)
                    return
                kept.append(piece)
        await send(_start(writer, found))
        for piece in kept:
            await _pass_on(piece, send)
        async for piece in pieces:
            if await request.is_disconnected():
                return
            await _pass_on(piece, send)
        await send({"type": "http.response.body", "body": b""})


def too_long(direct_rows: int) -> Problem:
    """Refuse a list that is too long to be written while its caller waits."""
    detail = f"more than {direct_rows} rows; POST /v1/exports has a job make the file"
    return Problem(422, "export-too-long", f"format: {detail}", errors=[FieldError("format", detail)])


def _start(writer: Writer, found: ListRoute) -> dict[str, Any]:
    disposition = f'attachment; filename="{found.name}.{writer.suffix}"'
    headers = [
        (b"content-type", writer.media_type.encode()),
        (b"content-disposition", disposition.encode()),
        (b"vary", b"Accept"),
    ]
    return {"type": "http.response.start", "status": 200, "headers": headers}


async def _pass_on(piece: Piece, send: Send) -> None:
    if piece.content:
        await send({"type": "http.response.body", "body": piece.content, "more_body": True})


def make_writer(wanted: str, fields: Sequence[FlatField], name: str) -> Writer:
    """Make the writer of one of `FORMATS`; it may load a library, so call it in a thread."""
    if wanted == "xlsx":
        from humidor_common.tables.write_xlsx import XlsxWriter

        return XlsxWriter(fields, name)
    if wanted == "parquet":
        from humidor_common.tables.write_parquet import ParquetWriter

        return ParquetWriter(fields, name)
    if wanted in ("sav", "xpt", "stats"):
        from humidor_common.tables.write_statistical import SavWriter, StatsWriter, XptWriter

        kinds: dict[str, Callable[..., Writer]] = {"sav": SavWriter, "xpt": XptWriter, "stats": StatsWriter}
        return kinds[wanted](fields, name)
    from humidor_common.tables.write_csv import CsvWriter

    return CsvWriter(fields, name)


def _wanted(scope: Scope) -> str | None:
    """Name the format that is asked for in the query, or by an Accept that takes nothing else."""
    if b"format=" in scope["query_string"]:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return next((value for name, value in pairs if name == "format"), None)
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"").decode("latin-1")
    types = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return _BY_MEDIA_TYPE.get(types[0]) if len(types) == 1 else None
