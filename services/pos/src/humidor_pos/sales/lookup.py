"""Sales, for operators."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import Problem, not_found
from humidor_pos.sales import queries
from humidor_pos.sales.schemas import SaleSummary, SaleView
from humidor_pos.sellable.schemas import Gtin
from humidor_pos.terminals.schemas import StoreId

DEFAULT_SPAN = timedelta(days=31)

router = APIRouter(prefix="/v1/sales", tags=["sales"])

Reader = Annotated[Principal, Depends(require("pos:read"))]
Plain = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]


def one_place(places: list[tuple[str, datetime]], what: str, identity: UUID) -> tuple[str, datetime]:
    """Take the only place of an id.

    Raises:
        Problem: 404 without any, 409 where several stores use the id and none was named.
    """
    if not places:
        raise not_found(what, identity)
    if len(places) > 1:
        raise Problem(409, "ambiguous", "Several stores have used this id; add store_id.")
    return places[0]


def stores_of(reader: Principal, store_id: str | None) -> list[str] | None:
    """Give the stores in which to look; None for all."""
    if store_id is not None:
        reader.check_store(store_id)
        return [store_id]
    return None if reader.stores is None else sorted(reader.stores)


@router.get("")
async def list_sales(  # noqa: PLR0913 - one parameter a filter
    *,
    conn: Read,
    reader: Reader,
    store_id: Annotated[StoreId, Query()],
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="31 days ago unless it is given.")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Exclusive.")] = None,
    terminal_id: Plain | None = None,
    member_id: Plain | None = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SaleSummary]:
    """Sales of one store, newest first."""
    reader.check_store(store_id)
    wanted = queries.SaleFilter(
        store_id=store_id,
        since=since or utc_now() - DEFAULT_SPAN,
        until=until,
        terminal_id=terminal_id,
        member_id=member_id,
        gtin=gtin.zfill(14) if gtin else None,
    )
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    rows = await queries.list_sales(conn, wanted, after, limit + 1)
    items = [SaleSummary(**row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.sold_at, last.sale_id) if last else None)


@router.get("/{sale_id}")
async def get_sale(
    conn: Read, reader: Reader, sale_id: UUID, store_id: Annotated[StoreId | None, Query()] = None
) -> SaleView:
    places = await queries.find_places(conn, sale_id, "sale", stores_of(reader, store_id))
    store, sold_at = one_place(places, "sale", sale_id)
    return SaleView(**await queries.get_sale(conn, store, sold_at, sale_id))
