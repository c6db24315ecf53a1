"""One table as a file, for answers that are no list."""

import asyncio
from collections.abc import Sequence
from typing import Literal, TypeAlias

from pydantic import BaseModel
from starlette.responses import Response

from humidor_common.tables.fields import flatten, row_of
from humidor_common.web.exports import make_writer

TableFormat: TypeAlias = Literal["csv", "xlsx", "parquet", "sav", "xpt", "stats"]


async def as_file(wanted: TableFormat, name: str, items: Sequence[BaseModel]) -> Response:
    """Answer with these rows, at least one, as a file of the format."""
    return await asyncio.to_thread(_make, wanted, name, items)


def _make(wanted: TableFormat, name: str, items: Sequence[BaseModel]) -> Response:
    fields = flatten(type(items[0]))
    writer = make_writer(wanted, fields, name)
    rows = [row_of(item.model_dump(mode="json", by_alias=True), fields) for item in items]
    content = writer.begin() + writer.rows(rows) + writer.end()
    headers = {"Content-Disposition": f'attachment; filename="{name}.{writer.suffix}"'}
    return Response(content, media_type=writer.media_type, headers=headers)
