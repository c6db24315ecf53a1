"""The door for systems that send records by themselves."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Tx
from humidor_customers.connectors.schemas import ConnectorId
from humidor_customers.hooks.schemas import HookAnswer
from humidor_customers.hooks.service import Sent, take_message

router = APIRouter(prefix="/v1/hooks", tags=["connectors"])


@router.post("/{connector_id}")
async def post_hook(conn: Tx, connector_id: Annotated[ConnectorId, Path()], request: Request) -> HookAnswer:
    """Take records from a webhook connector, signed with its secret (Standard Webhooks).

    Headers `webhook-id`, `webhook-timestamp`, `webhook-signature`. Each record is taken by itself; the answer
    says what became of it. The same `webhook-id` again changes nothing.
    """
    keys: str = request.app.state.runtime.settings.connector_keys
    sent = Sent(dict(request.headers), await request.body())
    return await take_message(conn, connector_id, sent, keys, now=utc_now())
