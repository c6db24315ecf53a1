"""Gives suppliers' systems keys and a webhook, for operators."""

import base64
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.machine_keys import hash_key, make_key
from humidor_common.db.pool import Connection
from humidor_common.delivery.targets import TargetRefused, check_target
from humidor_common.ids import uuid7
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.supplier_portal.dependencies import PREFIX
from humidor_inventory.supplier_portal.schemas import (
    KeyInput,
    KeyView,
    NewKey,
    NoticeView,
    WebhookInput,
    WebhookView,
)
from humidor_inventory.suppliers.service import get_supplier

_KEYS = "SELECT key_id, supplier_id, name, created_at, created_by, revoked_at FROM supplier_keys"
_HOOK = """
INSERT INTO supplier_webhooks (supplier_id, url, enabled, version, changed_at, changed_by, secret)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (supplier_id) DO UPDATE SET url = $2, enabled = $3, version = $4, changed_at = $5,
                                        changed_by = $6, secret = $7
"""
_NOTICES = """
SELECT d.delivery_id, d.topic, d.subject, d.state, d.attempts, d.created_at, d.settled_at, d.reason
FROM supplier_notices n JOIN deliveries d USING (delivery_id)
WHERE n.supplier_id = $1 AND n.delivery_id > $2 ORDER BY n.delivery_id LIMIT $3
"""


async def make_supplier_key(
    conn: Connection, principal: Principal, supplier_id: str, given: KeyInput, *, now: datetime
) -> NewKey:
    """Give a supplier's system a key; the answer holds its only copy."""
    await get_supplier(conn, supplier_id)
    key_id = uuid7().hex
    made = NewKey(
        key_id=key_id,
        supplier_id=supplier_id,
        name=given.name,
        created_at=now,
        created_by=principal.subject,
        revoked_at=None,
        key=make_key(PREFIX, key_id),
    )
    await conn.execute(
        """INSERT INTO supplier_keys (key_id, supplier_id, name, created_at, created_by, key_hash)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        key_id,
        supplier_id,
        given.name,
        now,
        principal.subject,
        hash_key(made.key),
    )
    document = made.model_dump(mode="json", exclude={"key"})
    await audit.record(conn, principal, "create", "supplier_key", key_id, after=document)
    return made


async def revoke_supplier_key(
    conn: Connection, principal: Principal, supplier_id: str, key_id: str, *, now: datetime
) -> KeyView:
    """Shut a key out for good; doing it again changes nothing."""
    where = " WHERE supplier_id = $1 AND key_id = $2"
    row = await conn.fetchrow(_KEYS + where + " FOR UPDATE", supplier_id, key_id)
    if row is None:
        raise not_found("key", key_id)
    view = KeyView(**row)
    if view.revoked_at is None:
        view.revoked_at = now
        await conn.execute("UPDATE supplier_keys SET revoked_at = $2 WHERE key_id = $1", key_id, now)
        await audit.record(conn, principal, "revoke", "supplier_key", key_id)
    return view


async def list_supplier_keys(conn: Connection, supplier_id: str) -> list[KeyView]:
    rows = await conn.fetch(_KEYS + " WHERE supplier_id = $1 ORDER BY key_id", supplier_id)
    return [KeyView(**row) for row in rows]


async def put_webhook(
    conn: Connection,
    who: tuple[Principal, str],
    given: WebhookInput,
    *,
    private: bool,
    if_match: str | None,
    now: datetime,
) -> WebhookView:
    """Set where (principal, supplier) is told; another URL gets another secret, shown this once."""
    principal, supplier_id = who
    try:
        check_target("webhook", given.url, private=private)
    except TargetRefused as error:
        raise invalid("url", str(error)) from error
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7301004))", supplier_id)
    await get_supplier(conn, supplier_id)
    before = await _read_webhook(conn, supplier_id)
    check_match(if_match, before and before["version"])
    kept = before is not None and before["url"] == given.url
    secret = before["secret"] if kept else f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    view = WebhookView(
        supplier_id=supplier_id,
        **given.model_dump(),
        version=before["version"] + 1 if before else 1,
        changed_at=now,
        changed_by=principal.subject,
    )
    await conn.execute(_HOOK, *view.model_dump(exclude={"secret"}).values(), secret)
    document = view.model_dump(mode="json", exclude={"secret"})
    await audit.record(conn, principal, "set", "supplier_webhook", supplier_id, after=document)
    view.secret = None if kept else secret
    return view


async def get_webhook(conn: Connection, supplier_id: str) -> WebhookView:
    row = await _read_webhook(conn, supplier_id)
    if row is None:
        raise not_found("webhook of supplier", supplier_id)
    return WebhookView(**{**row, "secret": None})


async def list_notices(conn: Connection, supplier_id: str, *, after: UUID, limit: int) -> list[NoticeView]:
    """Read what the supplier was told, the oldest first."""
    return [NoticeView(**row) for row in await conn.fetch(_NOTICES, supplier_id, after, limit)]


async def _read_webhook(conn: Connection, supplier_id: str) -> Any:
    return await conn.fetchrow("SELECT * FROM supplier_webhooks WHERE supplier_id = $1", supplier_id)
