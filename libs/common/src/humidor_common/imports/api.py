"""Imports over HTTP, the same for every service."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, transaction
from humidor_common.imports.kinds import Kind
from humidor_common.imports.report import ImportReport
from humidor_common.imports.run import read_file, run_import
from humidor_common.imports.templates import Language, csv_template, xlsx_template
from humidor_common.web.authorization import require
from humidor_common.web.idempotency import IdempotencyKey, Idempotent
from humidor_common.web.problems import Problem, invalid

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": _BINARY,
            _XLSX: _BINARY,
            "application/x-spss-sav": _BINARY,
            "multipart/form-data": _FORM,
        },
    }
}
_FILE = {200: {"content": {"text/csv": _BINARY, _XLSX: _BINARY}}}


class ColumnView(BaseModel):
    """A column: its field, every heading by which it is found, and what may stand in it."""

    field: str
    headings: list[str]
    kind: str
    required: bool
    words: list[str] | None
    note: str
    note_zh: str


class KindView(BaseModel):
    """Something that can be imported."""

    kind: str
    title: str
    title_zh: str
    key: list[str]
    max_rows: int
    columns: list[ColumnView]


class KindList(BaseModel):
    """Everything that can be imported."""

    kinds: list[KindView]


def make_router(service: str, kinds: Sequence[Kind]) -> APIRouter:
    """Make the routes of one service; writing and trying out need its `write` scope."""
    router = APIRouter(prefix="/v1/imports", tags=["imports"])
    by_name = {kind.name: kind for kind in kinds}
    names = rf"^({'|'.join(by_name)})$"
    writer = Annotated[Principal, Depends(require(f"{service}:write"))]
    reader = Annotated[Principal, Depends(require(f"{service}:read"))]

    @router.post("", response_model=ImportReport, openapi_extra=UPLOAD)
    async def post_import(
        request: Request,
        principal: writer,
        kind: Annotated[str, Query(pattern=names)],
        dry_run: Annotated[bool, Query(description="Try it out: nothing is written.")] = True,
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Read a CSV, XLSX or SPSS file, list what is wrong by row and column, write all or nothing.

        `dry_run=false` writes. A file with mistakes is then answered with 422 `file-refused` and its
        `report`. A file with the same contents again changes nothing.
        """
        found = by_name[kind]
        found.permit(principal)
        content, name = await read_upload(request)
        async with transaction(request.app.state.runtime.pool) as conn:
            found = await found.now(conn)
        reading = await read_file(found, content, name)
        asked = hashlib.sha256(f"{kind} {dry_run} ".encode() + content).digest()
        key = None if dry_run else idempotency_key
        once = Idempotent(key, f"{principal.kind}:{principal.subject}", asked)
        now = utc_now()
        async with transaction(request.app.state.runtime.pool) as conn:
            answer = await once.run(
                conn, lambda: run_import(conn, principal, reading, now=now, dry_run=dry_run), status=200
            )
        request.app.state.runtime.wake_relay()
        return answer

    @router.get("/kinds")
    async def list_kinds(conn: Read, _: reader) -> KindList:
        """Read what can be imported, with the headings of every column."""
        return KindList(kinds=[_view(await kind.now(conn)) for kind in kinds])

    @router.get("/templates/{name}", response_class=Response, responses=cast("Any", _FILE))
    async def get_template(
        conn: Read,
        _: reader,
        name: Annotated[str, Path(pattern=rf"^({'|'.join(by_name)})\.(csv|xlsx)$")],
        lang: Annotated[Language, Query()] = "en",
    ) -> Response:
        """Read a file to fill in, such as `products.xlsx`: headings, an example row, and notes."""
        stem, _dot, suffix = name.rpartition(".")
        make: Callable[[Kind, Language], bytes] = xlsx_template if suffix == "xlsx" else csv_template
        content = await asyncio.to_thread(make, await by_name[stem].now(conn), lang)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        media_type = _XLSX if suffix == "xlsx" else "text/csv; charset=utf-8"
        return Response(content, media_type=media_type, headers=headers)

    return router


async def read_upload(request: Request) -> tuple[bytes, str]:
    """Give the file's bytes and name, from a form's field `file` or from the body itself."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/json", "application/x-www-form-urlencoded"):
        raise Problem(
            415, "unsupported-media-type", "Send a file: text/csv, a workbook or multipart/form-data."
        )
    if kind != "multipart/form-data":
        return await request.body(), ""
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise invalid("file", "is missing in the form")
        return await file.read(), file.filename or ""


def _view(kind: Kind) -> KindView:
    columns = [
        ColumnView(
            field=column.field,
            headings=list(column.headings),
            kind=column.kind,
            required=column.required,
            words=None if column.words is None else list(column.words),
            note=column.note[0],
            note_zh=column.note[1],
        )
        for column in kind.all_columns()
    ]
    return KindView(
        kind=kind.name,
        title=kind.title[0],
        title_zh=kind.title[1],
        key=list(kind.key),
        max_rows=kind.max_rows,
        columns=columns,
    )
