"""Keeps introductions: what stores will sell without having sold it before."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import not_found
from humidor_forecasting.introductions import queries
from humidor_forecasting.introductions.schemas import IntroductionInput, IntroductionView


async def get_introduction(conn: Connection, introduction_id: str) -> IntroductionView:
    found = await queries.read(conn, introduction_id)
    if found is None:
        raise not_found("introduction", introduction_id)
    return found


async def put_introduction(
    conn: Connection,
    principal: Principal,
    introduction: tuple[str, IntroductionInput],
    *,
    if_match: str | None,
    now: datetime,
) -> IntroductionView:
    """Make or change an introduction; runs from now on forecast its series from what is like them.

    Raises:
        Problem: 403 for stores that are not the caller's, 412.
    """
    introduction_id, given = introduction
    before = await queries.read(conn, introduction_id, lock=True)
    check_match(if_match, before.version if before else None)
    for store_id in [*given.store_ids, *(before.store_ids if before else ())]:
        principal.check_store(store_id)
    after = await queries.put(conn, introduction_id, given, now=now)
    await audit.record_put(conn, principal, ("introduction", introduction_id), before, after, given.reason)
    return after


async def remove_introduction(conn: Connection, principal: Principal, introduction_id: str) -> None:
    before = await get_introduction(conn, introduction_id)
    for store_id in before.store_ids:
        principal.check_store(store_id)
    await conn.execute("DELETE FROM introductions WHERE introduction_id = $1", introduction_id)
    await audit.record(conn, principal, "remove", "introduction", introduction_id, before=before)
