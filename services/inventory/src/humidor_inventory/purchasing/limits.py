"""Keeps up to which value roles may approve orders."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import ROLES, Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_inventory.inputs import check_match
from humidor_inventory.purchasing.schemas import LimitsInput, LimitsView

_KNOWN = frozenset({*ROLES, "system"})
_WRITE = """
INSERT INTO approval_limits (currency, limits, four_eyes_minor, version, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (currency) DO UPDATE SET limits = $2, four_eyes_minor = $3, version = $4, changed_at = $5,
                                     changed_by = $6
"""


async def put_limits(
    conn: Connection,
    principal: Principal,
    currency: str,
    given: LimitsInput,
    *,
    if_match: str | None,
    now: datetime,
) -> LimitsView:
    """Set the limits of a currency."""
    for role in given.limits:
        if role not in _KNOWN:
            raise invalid("limits", f"there is no role {role[:40]!r}")
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301012))", currency)
    before = await get_limits(conn, currency)
    check_match(if_match, before.version if before else None)
    after = LimitsView(
        currency=currency,
        **given.model_dump(),
        version=before.version + 1 if before else 1,
        changed_at=now,
        changed_by=principal.subject,
    )
    await conn.execute(_WRITE, *after.model_dump().values())
    await audit.record(
        conn,
        principal,
        "set",
        "approval_limits",
        currency,
        before=before,
        after=after,
    )
    return after


async def get_limits(conn: Connection, currency: str) -> LimitsView | None:
    row = await conn.fetchrow("SELECT * FROM approval_limits WHERE currency = $1", currency)
    return None if row is None else LimitsView(**row)


async def list_limits(conn: Connection) -> list[LimitsView]:
    rows = await conn.fetch("SELECT * FROM approval_limits ORDER BY currency")
    return [LimitsView(**row) for row in rows]
