"""Sales as terminals post them: one, a batch, or a stream of what was sold while they were offline."""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from msgspec import Meta
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp

from humidor_common.runtime import Runtime
from humidor_pos.facts.http import (
    RawAnswer,
    RawStream,
    answer,
    authenticate,
    check_content_type,
    raw_route,
    read_body,
)
from humidor_pos.facts.outcomes import Outcome
from humidor_pos.facts.reading import decode, openapi_schema
from humidor_pos.sales.intake import (
    Result,
    failure,
    judge,
    read_sale,
    surroundings,
    take_sales,
    with_cartons,
)
from humidor_pos.sales.stream import lines_of
from humidor_pos.sales.wire import EXAMPLE, Sale
from humidor_pos.sales.writer import SaleWriter
from humidor_pos.terminals.directory import Terminals, bearer_token

NDJSON = "application/x-ndjson"
BATCH_MAX_SALES = 1000
STREAM_CHUNK_SALES = 500

router = APIRouter(tags=["sales"])

_encode = msgspec.json.Encoder().encode


class Batch(msgspec.Struct):
    """Up to 1,000 sales, decoded one by one so that a bad one spoils none of the others."""

    sales: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=BATCH_MAX_SALES)]


class DocumentedBatch(msgspec.Struct):
    """Up to 1,000 sales."""

    sales: Annotated[list[Sale], Meta(min_length=1, max_length=BATCH_MAX_SALES)]


class Results(msgspec.Struct):
    """One result for each sale, in the order of the request."""

    results: list[Result]


class Accepted(msgspec.Struct):
    """A sale is stored; `exceptions` names what a person will look at."""

    sale_id: str
    status: str
    exceptions: list[str]


_batch = msgspec.json.Decoder(Batch)


async def post_sale(request: Request) -> ASGIApp:
    runtime, terminal = await authenticate(request)
    check_content_type(request)
    read = read_sale(await read_body(request), terminal)
    around = await with_cartons(runtime, terminal, await surroundings(runtime, terminal), (read,))
    sale = judge(read, terminal, around)
    (outcome,) = await runtime.get(SaleWriter).write((sale,))
    if outcome.problem is not None:
        raise outcome.problem
    return RawAnswer(201 if outcome.status == "accepted" else 200, _accepted(sale.sale_id, outcome))


async def post_batch(request: Request) -> ASGIApp:
    runtime, terminal = await authenticate(request)
    check_content_type(request)
    batch = decode(_batch, await read_body(request))
    return RawAnswer(200, _encode(Results(await take_sales(runtime, terminal, batch.sales))))


async def stream_sales(request: Request) -> ASGIApp:
    """Answer each line while the next ones come; an interrupted stream is simply sent again."""
    runtime, _ = await authenticate(request)
    check_content_type(request, NDJSON.encode())
    return RawStream(_answer_lines(request, runtime), NDJSON)


async def _answer_lines(request: Request, runtime: Runtime) -> AsyncIterator[bytes]:
    key = bearer_token(request.scope["headers"])
    try:
        async for lines in lines_of(request.stream()):
            # A stream may last for hours: meanwhile the key may be revoked, and a day of it closed.
            terminal = await runtime.get(Terminals).prove(key)
            for start in range(0, len(lines), STREAM_CHUNK_SALES):
                results = await take_sales(runtime, terminal, lines[start : start + STREAM_CHUNK_SALES])
                yield b"".join(_encode(result) + b"\n" for result in results)
    except ClientDisconnect:
        return
    except Exception as error:  # noqa: BLE001 - the answer has begun: its last line has to say why it ends
        yield _encode(Result(None, "rejected", problem=failure(error).document())) + b"\n"


def _accepted(sale_id: object, outcome: Outcome) -> bytes:
    if not outcome.exceptions:
        return b'{"sale_id":"%s","status":"accepted","exceptions":[]}' % str(sale_id).encode()
    return _encode({"sale_id": str(sale_id), "status": "accepted", "exceptions": outcome.exceptions})


_EXAMPLE_ACCEPTED = {"sale_id": EXAMPLE["sale_id"], "status": "accepted", "exceptions": []}
_EXAMPLE_RESULT = {**_EXAMPLE_ACCEPTED, "problem": None}

ROUTES = [
    raw_route(
        "/v1/sales",
        post_sale,
        document=Sale,
        example=EXAMPLE,
        answers={
            200: answer("The same sale again", openapi_schema(Accepted), _EXAMPLE_ACCEPTED),
            201: answer("The sale is stored", openapi_schema(Accepted), _EXAMPLE_ACCEPTED),
        },
    ),
    raw_route(
        "/v1/sales:batch",
        post_batch,
        document=DocumentedBatch,
        example={"sales": [EXAMPLE]},
        answers={200: answer("A result each", openapi_schema(Results), {"results": [_EXAMPLE_RESULT]})},
    ),
    raw_route(
        "/v1/sales:stream",
        stream_sales,
        document=Sale,
        example=EXAMPLE,
        media_type=NDJSON,
        answers={200: {"description": "A result each, a line each", "content": {NDJSON: {}}}},
    ),
]
router.routes.extend(ROUTES)
FAST_ROUTES = tuple(ROUTES)
