"""Moves windows by hand: of a group, or of one customer alone."""

from datetime import datetime, timedelta
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import invalid, not_found
from humidor_customers.cycles import queries
from humidor_customers.cycles.rules import MOST_DAYS_MOVED
from humidor_customers.cycles.schemas import ExceptionView, WindowInput, WindowView
from humidor_customers.retailers import queries as retailers

_FARTHEST = timedelta(days=MOST_DAYS_MOVED)


async def put_window(
    conn: Connection,
    principal: Principal,
    window: tuple[UUID, str, WindowInput],
    *,
    if_match: str | None,
    now: datetime,
) -> WindowView:
    """Move the window of a group; orders that are confirmed stay confirmed.

    Raises:
        Problem: 404, 412; 422 where it moves by more than a month.
    """
    cycle_id, group_code, given = window
    before = await _get_window(conn, cycle_id, group_code, now)
    check_match(if_match, before.version)
    _check_distance(before, given)
    await conn.execute(
        """UPDATE order_windows SET opens_at = $3, closes_at = $4, delivery_on = $5, reason = $6,
                                    version = version + 1, changed_at = $7
           WHERE cycle_id = $1 AND group_code = $2""",
        cycle_id,
        group_code,
        *given.model_dump().values(),
        now,
    )
    after = await _get_window(conn, cycle_id, group_code, now)
    await audit.record_put(
        conn, principal, ("order_window", f"{cycle_id}/{group_code}"), before, after, given.reason
    )
    return after


async def put_exception(
    conn: Connection,
    principal: Principal,
    exception: tuple[UUID, str, WindowInput],
    *,
    if_match: str | None,
    now: datetime,
) -> ExceptionView:
    """Give one customer a window of its own in a cycle.

    Raises:
        Problem: 404 where the customer's group has no window in the cycle, 412, 422 as for a group's.
    """
    cycle_id, retailer_id, given = exception
    await retailers.lock(conn, [retailer_id])
    group_code = await conn.fetchval(
        "SELECT group_code FROM order_members WHERE retailer_id = $1", retailer_id
    )
    _check_distance(await _get_window(conn, cycle_id, group_code or "", now), given)
    before = await queries.read_exception(conn, cycle_id, retailer_id)
    check_match(if_match, before.version if before else None)
    await conn.execute(
        """INSERT INTO window_exceptions (cycle_id, retailer_id, opens_at, closes_at, delivery_on, reason,
                                          version, changed_at)
           VALUES ($1, $2, $3, $4, $5, $6, 1, $7)
           ON CONFLICT (cycle_id, retailer_id) DO UPDATE
           SET opens_at = $3, closes_at = $4, delivery_on = $5, reason = $6,
               version = window_exceptions.version + 1, changed_at = $7""",
        cycle_id,
        retailer_id,
        *given.model_dump().values(),
        now,
    )
    after = await queries.read_exception(conn, cycle_id, retailer_id)
    if after is None:
        raise not_found("window", f"{cycle_id}/{retailer_id}")
    await audit.record_put(
        conn, principal, ("order_window", f"{cycle_id}/{retailer_id}"), before, after, given.reason
    )
    return after


async def _get_window(conn: Connection, cycle_id: UUID, group_code: str, now: datetime) -> WindowView:
    found = await queries.read_window(conn, cycle_id, group_code, now)
    if found is None:
        raise not_found("window", f"{cycle_id}/{group_code}")
    return found


def _check_distance(before: WindowView, given: WindowInput) -> None:
    """Hold windows near their cycle, so that those around today can be found by their dates."""
    if given.opens_at < before.opens_at - _FARTHEST:
        raise invalid("opens_at", "moves by more than 31 days")
    if given.closes_at > before.closes_at + _FARTHEST:
        raise invalid("closes_at", "moves by more than 31 days")
