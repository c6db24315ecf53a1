"""Connectors over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.connectors import queries, service
from humidor_customers.connectors.schemas import ConnectorId, ConnectorInput, ConnectorView
from humidor_customers.crm.mapping import Mapping
from humidor_customers.inputs import Admin, Reader
from humidor_customers.settings import CustomersSettings

router = APIRouter(prefix="/v1/connectors", tags=["connectors"])

ConnectorPath = Annotated[ConnectorId, Path()]


class _Change:
    """What every change is made with: the settings, and which version the caller has seen."""

    def __init__(self, request: Request, response: Response, if_match: IfMatch = None) -> None:
        self.settings: CustomersSettings = request.app.state.runtime.settings
        self.response = response
        self.if_match = if_match


Change = Annotated[_Change, Depends(_Change)]


@router.put("/{connector_id}", responses={201: {"model": ConnectorView}})
async def put_connector(
    conn: Tx, principal: Admin, connector_id: ConnectorPath, connector: ConnectorInput, change: Change
) -> ConnectorView:
    """Make or change a connector; secrets go in and never come out."""
    now = utc_now()
    view = await service.put_connector(
        conn, principal, (connector_id, connector), change.settings, if_match=change.if_match, now=now
    )
    tag(change.response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("/{connector_id}")
async def get_connector(
    conn: Read, principal: Reader, connector_id: ConnectorPath, response: Response
) -> ConnectorView:
    """Read a connector."""
    principal.check_every_store()
    view = await service.get_connector(conn, connector_id)
    tag(response, view.version)
    return view


@router.get("")
async def list_connectors(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ConnectorView]:
    """Read the connectors."""
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].connector_id) if more else None
    )


@router.get("/{connector_id}/mapping")
async def get_mapping(
    conn: Read, principal: Reader, connector_id: ConnectorPath, response: Response
) -> Mapping:
    """Read the mapping file."""
    principal.check_every_store()
    view = await service.get_connector(conn, connector_id)
    tag(response, view.version)
    return view.mapping


@router.put("/{connector_id}/mapping")
async def put_mapping(
    conn: Tx, principal: Admin, connector_id: ConnectorPath, mapping: Mapping, change: Change
) -> Mapping:
    """Put another mapping file in place; the next run looks at every record again."""
    view = await service.put_mapping(
        conn, principal, (connector_id, mapping), change.settings, if_match=change.if_match, now=utc_now()
    )
    tag(change.response, view.version)
    return view.mapping
