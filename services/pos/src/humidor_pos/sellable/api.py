"""The list that terminals pull, and the prices that a store sets itself."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_pos.campaigns.directory import Campaigns
from humidor_pos.campaigns.rules import Campaign, sort_out
from humidor_pos.facts.rules import is_gtin
from humidor_pos.lots.directory import Lots
from humidor_pos.lots.rules import LotNotes, note_lots
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.products.rules import Shelf
from humidor_pos.sellable import service
from humidor_pos.sellable.rules import list_tag, sellable
from humidor_pos.sellable.schemas import Gtin, NewPrice, PriceView, SellableList
from humidor_pos.settings import PosSettings
from humidor_pos.terminals.dependencies import terminal_or
from humidor_pos.terminals.schemas import StoreId

router = APIRouter(tags=["sellable"])

Caller = Annotated[Principal, Depends(terminal_or("pos:read"))]
Reader = Annotated[Principal, Depends(require("pos:read"))]
Writer = Annotated[Principal, Depends(require("pos:write"))]


@router.get("/v1/sellable", response_model=SellableList, responses={304: {"description": "Nothing changed"}})
async def get_sellable(
    request: Request,
    caller: Caller,
    store_id: Annotated[StoreId | None, Query(description="Needed from operators only.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The products that the store may sell: their prices, the lots that it may not sell, what is on today.

    Cheap to ask for again with its ETag, which also changes at midnight of the store when a lot expires or
    a campaign begins or ends.
    """
    if store_id is None:
        if caller.kind != "terminal" or not caller.stores:
            raise invalid("store_id", "is needed")
        (store_id,) = caller.stores
    caller.check_store(store_id)
    runtime: Runtime = request.app.state.runtime
    catalogue = runtime.get(Catalogue)
    await catalogue.freshen()
    shelf = catalogue.shelf(store_id)
    revision = catalogue.list_revision(store_id)
    notes, campaigns = await _look_at_today(runtime, shelf, store_id)
    running = sort_out(campaigns)
    etag = f'"{list_tag(revision, notes, running)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if if_none_match and (if_none_match.strip() == "*" or etag in _tags(if_none_match)):
        return Response(status_code=304, headers=headers)
    items = sellable(shelf, notes, running, campaigns)
    document = {
        "store_id": store_id,
        "revision": revision,
        "items": items,
        "campaigns": running.store,
    }
    return Response(msgspec.json.encode(document), media_type="application/json", headers=headers)


async def _look_at_today(
    runtime: Runtime, shelf: Shelf, store_id: str
) -> tuple[dict[str, LotNotes], list[Campaign]]:
    """Give the store's lots to be noted and the campaigns that run there, as of its own date."""
    lots, campaigns = runtime.get(Lots), runtime.get(Campaigns)
    await lots.freshen()
    await campaigns.freshen()
    settings = runtime.get(PosSettings)
    today = shelf.local_date(utc_now(), settings.pos_default_time_zone)
    notes = note_lots(lots.of(store_id), today, within_days=settings.pos_expiring_within_days)
    return notes, [each for each in campaigns.of(store_id) if each.runs(today)]


@router.put("/v1/prices/{store_id}/{gtin}")
async def put_price(conn: Tx, writer: Writer, store_id: StoreId, gtin: Gtin, price: NewPrice) -> PriceView:
    writer.check_store(store_id)
    return await service.put_price(conn, writer, store_id, _checked(gtin), price, utc_now())


@router.delete("/v1/prices/{store_id}/{gtin}", status_code=204)
async def remove_price(conn: Tx, writer: Writer, store_id: StoreId, gtin: Gtin) -> None:
    writer.check_store(store_id)
    await service.remove_price(conn, writer, store_id, _checked(gtin), utc_now())


@router.get("/v1/prices/{store_id}")
async def list_prices(
    conn: Read, reader: Reader, store_id: StoreId, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[PriceView]:
    reader.check_store(store_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    items = await service.list_prices(conn, store_id, after, limit + 1)
    more = len(items) > limit
    return Page(items=items[:limit], next_cursor=encode_cursor(items[limit - 1].gtin) if more else None)


def _checked(gtin: str) -> str:
    if not is_gtin(gtin):
        raise invalid("gtin", "is not a GTIN with a right check digit")
    return gtin.zfill(14)


def _tags(if_none_match: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
