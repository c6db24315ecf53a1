"""The routes of an app that answer with pages, and how one asks them for one page after the other."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlencode

import msgspec
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Scope

from humidor_common.tables.fields import FlatField, Value, flatten, row_of
from humidor_common.web.pagination import Page

PAGE_ROWS = 1000


class Writer(Protocol):
    """Gives the bytes of a file piece by piece."""

    media_type: str
    suffix: str

    def begin(self) -> bytes: ...
    def rows(self, rows: Iterable[Sequence[Value]]) -> bytes: ...
    def end(self) -> bytes: ...


class ListRoute:
    """A route that answers with pages."""

    def __init__(self, path: str, described_as: str, model: type[Page[Any]]) -> None:
        self.described_as = described_as
        self.pattern: re.Pattern[str] = compile_path(path)[0]
        self.path = path
        words = [part for part in path.split("/") if part and "{" not in part]
        self.name = re.sub(r"[^a-z0-9-]+", "-", words[-1].lower()).strip("-") or "list"
        self.fields: list[FlatField] = flatten(model.model_fields["items"].annotation.__args__[0])  # type: ignore[union-attr]


class BrokenExportError(Exception):
    """A page could not be had; breaking off keeps the caller from taking the file for whole."""

    def __init__(self, path: str, status: int, body: bytes) -> None:
        super().__init__(f"{path} answered {status} in the middle of an export")
        self.status = status
        self.body = body


class Piece(NamedTuple):
    """Some bytes of a file, and how many rows of the list are written by now."""

    content: bytes
    rows: int


def find_lists(app: FastAPI) -> list[ListRoute]:
    """List the routes whose answer is declared as a `Page` of models."""
    found = []
    for context in iter_route_contexts(app.routes):
        model = getattr(context, "response_model", None)
        if (
            isinstance(model, type)
            and issubclass(model, Page)
            and "GET" in (getattr(context, "methods", None) or ())
        ):
            found.append(ListRoute(str(context.path), str(context.path_format), model))
    return found


def lists_of(app: FastAPI) -> list[ListRoute]:
    """List them, found once in the life of the app."""
    if not hasattr(app.state, "lists"):
        app.state.lists = find_lists(app)
    found: list[ListRoute] = app.state.lists
    return found


def find_list(app: FastAPI, path: str) -> ListRoute | None:
    """Find the list that a path asks for."""
    return next((each for each in lists_of(app) if each.pattern.match(path)), None)


async def ask_page(
    app: ASGIApp, scope: Scope, cursor: str | None = None, *, rows: int = PAGE_ROWS
) -> tuple[Message, bytes]:
    """Ask a list itself for a page, with the query of the scope but for format, limit and cursor."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    left = [pair for pair in pairs if pair[0] not in ("format", "limit", "cursor")]
    left += [("limit", str(rows)), *([("cursor", cursor)] if cursor else [])]
    state = dict(scope.get("state", {}))
    asked: Scope = {**scope, "query_string": urlencode(left).encode(), "state": state}
    started: Message = {}
    parts: list[bytes] = []

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(asked, _nothing, take)
    if "route" in asked:
        scope["route"] = asked["route"]
    return started, b"".join(parts)


async def write_pages(
    app: ASGIApp, scope: Scope, found: ListRoute, writer: Writer, first: bytes
) -> AsyncIterator[Piece]:
    """Write a list as a file, beginning with its first page.

    Raises:
        BrokenExportError: A later page could not be had.
    """
    yield Piece(await asyncio.to_thread(writer.begin), 0)
    body, rows = first, 0
    while True:
        cursor, more, content = await asyncio.to_thread(_encode, writer, found.fields, body)
        rows += more
        yield Piece(content, rows)
        if cursor is None:
            break
        start, body = await ask_page(app, scope, cursor)
        if start["status"] != 200:
            raise BrokenExportError(found.path, start["status"], body)
    yield Piece(await asyncio.to_thread(writer.end), rows)


class _PageDocument(msgspec.Struct):
    items: list[dict[str, Any]]
    next_cursor: str | None = None


def _encode(writer: Writer, fields: Sequence[FlatField], body: bytes) -> tuple[str | None, int, bytes]:
    page = msgspec.json.decode(body, type=_PageDocument)
    return page.next_cursor, len(page.items), writer.rows([row_of(item, fields) for item in page.items])


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
