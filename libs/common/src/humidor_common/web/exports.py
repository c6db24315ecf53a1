"""Every list as a file: `?format=csv|xlsx|parquet|sav|xpt|stats` on any route that answers with a `Page`.

No route has code for it. A request for a file is answered by asking the list itself for one page after the
other: its filters, scopes and checks of stores hold for the file too, and no transaction stays open.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from humidor_common.tables.fields import FlatField, Value, flatten, row_of
from humidor_common.web.errors import problem_response
from humidor_common.web.export_docs import document_exports
from humidor_common.web.pagination import Page
from humidor_common.web.problems import invalid

PAGE_ROWS = 1000
FORMATS = ("csv", "xlsx", "parquet", "sav", "xpt", "stats")
_BY_MEDIA_TYPE = {
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.apache.parquet": "parquet",
    "application/x-spss-sav": "sav",
}


class Writer(Protocol):
    """Gives the bytes of a file piece by piece."""

    media_type: str
    suffix: str

    def begin(self) -> bytes: ...
    def rows(self, rows: Iterable[Sequence[Value]]) -> bytes: ...
    def end(self) -> bytes: ...


class _List:
    """A route that answers with pages."""

    def __init__(self, path: str, described_as: str, model: type[Page[Any]]) -> None:
        self.described_as = described_as
        self.pattern: re.Pattern[str] = compile_path(path)[0]
        self.path = path
        words = [part for part in path.split("/") if part and "{" not in part]
        self.name = re.sub(r"[^a-z0-9-]+", "-", words[-1].lower()).strip("-") or "list"
        self.fields: list[FlatField] = flatten(model.model_fields["items"].annotation.__args__[0])  # type: ignore[union-attr]


def install(app: FastAPI) -> None:
    """Let every list of the app be had as a file, and say so in its description."""
    app.add_middleware(Exports)
    describe: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document_exports(describe(), [each.described_as for each in find_lists(app)])
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def find_lists(app: FastAPI) -> list[_List]:
    """List the routes whose answer is declared as a `Page` of models."""
    found = []
    for context in iter_route_contexts(app.routes):
        model = getattr(context, "response_model", None)
        if (
            isinstance(model, type)
            and issubclass(model, Page)
            and "GET" in (getattr(context, "methods", None) or ())
        ):
            found.append(_List(str(context.path), str(context.path_format), model))
    return found


class Exports:
    """Answers a request for a file out of the pages of the list."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lists: list[_List] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = _wanted(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        found = self._find(scope) if wanted is not None else None
        if wanted is None or found is None or wanted == "json":
            await self._app(scope, receive, send)
        elif wanted not in FORMATS:
            refusal = invalid("format", f"is none of json, {', '.join(FORMATS)}")
            await problem_response(refusal)(scope, receive, send)
        else:
            await self._export(found, wanted, Request(scope, receive), send)

    def _find(self, scope: Scope) -> _List | None:
        if self._lists is None:
            self._lists = find_lists(scope["app"])
        return next((each for each in self._lists if each.pattern.match(scope["path"])), None)

    async def _export(self, found: _List, wanted: str, request: Request, send: Send) -> None:
        scope = request.scope
        start, body = await self._page(scope, None)
        if start["status"] != 200:
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        writer: Writer = await asyncio.to_thread(make_writer, wanted, found.fields, found.name)
        disposition = f'attachment; filename="{found.name}.{writer.suffix}"'
        headers = [
            (b"content-type", writer.media_type.encode()),
            (b"content-disposition", disposition.encode()),
            (b"vary", b"Accept"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in self._pieces(found, writer, scope, body):
            if await request.is_disconnected():
                return
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _pieces(self, found: _List, writer: Writer, scope: Scope, body: bytes) -> AsyncIterator[bytes]:
        yield await asyncio.to_thread(writer.begin)
        while True:
            cursor, piece = await asyncio.to_thread(_encode, writer, found.fields, body)
            yield piece
            if cursor is None:
                break
            start, body = await self._page(scope, cursor)
            if start["status"] != 200:
                raise BrokenExportError(f"{found.path} answered {start['status']} in the middle of an export")
        yield await asyncio.to_thread(writer.end)

    async def _page(self, scope: Scope, cursor: str | None) -> tuple[Message, bytes]:
        """Ask the list itself for a page."""
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        left = [pair for pair in pairs if pair[0] not in ("format", "limit", "cursor")]
        left += [("limit", str(PAGE_ROWS)), *([("cursor", cursor)] if cursor else [])]
        state = dict(scope.get("state", {}))
        asked: Scope = {**scope, "query_string": urlencode(left).encode(), "state": state}
        started: Message = {}
        parts: list[bytes] = []

        async def take(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                parts.append(message.get("body", b""))

        await self._app(asked, _nothing, take)
        if "route" in asked:
            scope["route"] = asked["route"]
        return started, b"".join(parts)


class BrokenExportError(Exception):
    """A later page could not be had; breaking off keeps the caller from taking the file for whole."""


class _PageDocument(msgspec.Struct):
    items: list[dict[str, Any]]
    next_cursor: str | None = None


def _encode(writer: Writer, fields: Sequence[FlatField], body: bytes) -> tuple[str | None, bytes]:
    page = msgspec.json.decode(body, type=_PageDocument)
    return page.next_cursor, writer.rows([row_of(item, fields) for item in page.items])


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


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
