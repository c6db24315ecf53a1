"""Returns as terminals post them."""

import msgspec
from fastapi import APIRouter, Request
from starlette.types import ASGIApp

from humidor_pos.facts.http import authenticate, check_content_type, check_store, raw_route, read_body
from humidor_pos.facts.reading import decode, unreadable
from humidor_pos.facts.replies import accepted, describe
from humidor_pos.facts.rules import Unreadable
from humidor_pos.recording.service import intake
from humidor_pos.returns.service import record_return
from humidor_pos.returns.wire import EXAMPLE, Return

router = APIRouter(tags=["returns"])

_decoder = msgspec.json.Decoder(Return)


async def post_return(request: Request) -> ASGIApp:
    runtime, terminal = await authenticate(request)
    check_content_type(request)
    returned = decode(_decoder, await read_body(request))
    check_store(terminal, returned.store_id)
    try:
        outcome = await record_return(runtime, await intake(runtime, terminal), returned)
    except Unreadable as error:
        raise unreadable(error) from None
    return accepted("return_id", returned.return_id, outcome)


router.routes.append(
    raw_route(
        "/v1/returns",
        post_return,
        document=Return,
        example=EXAMPLE,
        answers=describe("return_id", EXAMPLE["return_id"]),
    )
)
