"""Turnover over HTTP."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from humidor_common.clock import latest_date, utc_now
from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page
from humidor_inventory.inputs import Day, Gtin, Label, Reader, StoreId, SupplierId, visible_stores
from humidor_inventory.turnover import assortment, classes, holding, slow_movers
from humidor_inventory.turnover.rules.advice import Limits
from humidor_inventory.turnover.rules.figures import DEFINITIONS
from humidor_inventory.turnover.rules.holding import Rates
from humidor_inventory.turnover.rules.periods import Dimension, Period
from humidor_inventory.turnover.schemas import (
    AssortmentRow,
    ClassRow,
    Definition,
    HoldingRow,
    SlowRow,
    TurnoverReport,
)
from humidor_inventory.turnover.service import Asked, report

router = APIRouter(prefix="/v1/turnover", tags=["turnover"])

Share = Annotated[float, Query(ge=0, le=10)]
Days = Annotated[int, Query(ge=1, le=3650)]


def asked(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    principal: Reader,
    since: Annotated[Day, Query()],
    until: Annotated[Day, Query()],
    group_by: Annotated[list[Dimension], Query(max_length=5)] = [],  # noqa: B006 - FastAPI copies it
    period: Annotated[Period, Query()] = "none",
    store_id: Annotated[StoreId | None, Query()] = None,
    brand: Annotated[Label | None, Query()] = None,
    price_class: Annotated[Label | None, Query()] = None,
    supplier_id: Annotated[SupplierId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Asked:
    """Take what a report is to be about; a caller sees the stores that are theirs."""
    filters = {"brand": brand, "price_class": price_class, "supplier": supplier_id, "product": gtin}
    return Asked(
        since=since,
        until=until,
        group_by=group_by,
        period=period,
        stores=visible_stores(principal, store_id),
        filters={name: value for name, value in filters.items() if value is not None},
        cursor=cursor,
        limit=limit,
        today=latest_date(utc_now()),
    )


AskedFor = Annotated[Asked, Depends(asked)]


@router.get("", response_model=TurnoverReport)
async def get_turnover(conn: Read, question: AskedFor) -> Response:
    """Report turnover by store, brand, price class, supplier, product and period.

    Both days are included. What tells products, brands, classes or suppliers apart is read by whole months
    where it is about more stores than single days can be read of.
    """
    found = await report(conn, question)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.get("/definitions")
async def list_definitions(_: Reader) -> Page[Definition]:
    """Read what each figure divides by what, and its Chinese name."""
    return Page(
        items=[
            Definition(figure=name, chinese=words[0], numerator=words[1], denominator=words[2])
            for name, words in DEFINITIONS.items()
        ]
    )


@router.get("/holding-costs")
async def list_holding_costs(
    conn: Read,
    question: AskedFor,
    capital_rate: Share = 0.06,
    storage_rate: Share = 0.02,
    expiry_loss: Annotated[float, Query(ge=0, le=1)] = 0.5,
    expiring_within_days: Days = 60,
) -> Page[HoldingRow]:
    """Work out what holding the stock cost: capital, storage, shrinkage, expiry.

    Rates are yearly shares of the stock at cost; `expiry_loss` is the share lost of what expires soon.
    """
    rates = Rates(capital_rate, storage_rate, expiry_loss)
    return await holding.list_costs(conn, question, rates, expiring_within_days)


@router.get("/assortment")
async def list_assortment(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    month: Annotated[Day, Query(description="Any day of the month.")],
    by: Annotated[assortment.By, Query()] = "none",
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AssortmentRow]:
    """Tell which share of what is carried was sold, and how a brand's purchases changed (动销率, both).

    Of days that are over in each store.
    """
    visible = visible_stores(principal, store_id)
    return await assortment.list_rates(conn, (month, by, visible), cursor=cursor, limit=limit)


@router.get("/classes")
async def list_classes(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    until: Annotated[Day | None, Query()] = None,
    weeks: Annotated[int, Query(ge=2, le=156)] = 26,
    a_share: Annotated[Decimal, Query(gt=0, le=1)] = Decimal("0.8"),
    b_share: Annotated[Decimal, Query(gt=0, le=1)] = Decimal("0.95"),
    x_cv: Annotated[float, Query(gt=0, le=100)] = 0.5,
    y_cv: Annotated[float, Query(gt=0, le=100)] = 1.0,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ClassRow]:
    """Class products by value (ABC) and by how steady they sell a week (XYZ), with a hint for each class.

    Of one store, or of all for callers who may see all.
    """
    if store_id is None:
        principal.check_every_store()
    else:
        principal.check_store(store_id)
    last = until or utc_now().date() - timedelta(days=1)
    cuts = classes.Cuts(a_share, b_share, x_cv, y_cv)
    return await classes.list_classes(conn, (store_id, last, weeks), cuts, cursor=cursor, limit=limit)


@router.get("/slow-movers")
async def list_slow_movers(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId, Query()],
    idle_days: Days = 60,
    cover_days: Days = 180,
    target_days: Days = 60,
    return_days: Days = 90,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SlowRow]:
    """Find goods of a store that have not sold for `idle_days` or last longer than `cover_days`, with advice.

    A transfer goes to a store that the caller may see, to hold what sells there in `target_days`.
    """
    principal.check_store(store_id)
    limits = Limits(idle_days, cover_days, return_days, target_days)
    visible = visible_stores(principal, None)
    return await slow_movers.list_slow(conn, (store_id, visible), limits, cursor=cursor, limit=limit)
