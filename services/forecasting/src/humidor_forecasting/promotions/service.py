"""Keeps promotions."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, not_found
from humidor_forecasting.promotions import queries
from humidor_forecasting.promotions.schemas import PromotionInput, PromotionView


async def get_promotion(conn: Connection, promotion_id: str) -> PromotionView:
    found = await queries.read(conn, promotion_id)
    if found is None:
        raise not_found("promotion", promotion_id)
    return found


async def put_promotion(
    conn: Connection,
    principal: Principal,
    promotion: tuple[str, PromotionInput],
    *,
    if_match: str | None,
    now: datetime,
) -> PromotionView:
    """Make or change a promotion; forecasts made from now on know it.

    Raises:
        Problem: 403 for stores that are not the caller's, 409 where it is a campaign, 412.
    """
    promotion_id, given = promotion
    before = await queries.read(conn, promotion_id, lock=True)
    _check_own(before)
    check_match(if_match, before.version if before else None)
    for stores in (given.store_ids, given.holdout_store_ids, before.store_ids if before else []):
        _check_stores(principal, stores)
    after = await queries.put(
        conn, promotion_id, given.name, given.starts_on, given.ends_on, given.store_ids, given.gtins,
        given.mechanic, given.discount_percent, given.holdout_store_ids, given.price_per_pack, given.currency,
        given.budget_minor, given.spent_minor, now,
    )  # fmt: skip
    await audit.record_put(conn, principal, ("promotion", promotion_id), before, after, given.reason)
    return after


async def remove_promotion(conn: Connection, principal: Principal, promotion_id: str) -> None:
    before = await get_promotion(conn, promotion_id)
    _check_own(before)
    _check_stores(principal, before.store_ids)
    await conn.execute("DELETE FROM promotions WHERE promotion_id = $1", promotion_id)
    await audit.record(conn, principal, "remove", "promotion", promotion_id, before=before)


def _check_own(before: PromotionView | None) -> None:
    if before is not None and before.source == "campaign":
        raise Problem(409, "campaign-owned", "It is a campaign of `customers` and changed there.")


def _check_stores(principal: Principal, store_ids: list[str] | None) -> None:
    if store_ids is None:
        principal.check_every_store()
    for store_id in store_ids or ():
        principal.check_store(store_id)
