"""Voids as terminals post them."""

import msgspec
from fastapi import APIRouter, Request
from starlette.types import ASGIApp

from humidor_pos.facts.http import authenticate, check_content_type, check_store, raw_route, read_body
from humidor_pos.facts.reading import decode, unreadable
from humidor_pos.facts.replies import accepted, describe
from humidor_pos.facts.rules import Unreadable
from humidor_pos.recording.service import intake
from humidor_pos.voids.service import record_void
from humidor_pos.voids.wire import EXAMPLE, Void

router = APIRouter(tags=["voids"])

_decoder = msgspec.json.Decoder(Void)


async def post_void(request: Request) -> ASGIApp:
    runtime, terminal = await authenticate(request)
    check_content_type(request)
    void = decode(_decoder, await read_body(request))
    check_store(terminal, void.store_id)
    try:
        outcome = await record_void(runtime, await intake(runtime, terminal), void)
    except Unreadable as error:
        raise unreadable(error) from None
    return accepted("void_id", void.void_id, outcome)


router.routes.append(
    raw_route(
        "/v1/voids",
        post_void,
        document=Void,
        example=EXAMPLE,
        answers=describe("void_id", EXAMPLE["void_id"]),
    )
)
