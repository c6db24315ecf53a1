"""Keeps the subscriptions: who is told of which alerts, over which channel."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.delivery import Outgoing, enqueue
from humidor_common.delivery.endpoints import check_webhook
from humidor_common.delivery.messages import masked
from humidor_common.delivery.targets import TargetRefused, check_target
from humidor_common.ids import uuid7
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.inputs import check_match
from humidor_inventory.notifications.rules import word
from humidor_inventory.notifications.schemas import (
    SubscriptionChange,
    SubscriptionInput,
    SubscriptionTerms,
    SubscriptionView,
)

TOPIC = "inventory.alert"

_WRITE = """
INSERT INTO alert_subscriptions SELECT s.* FROM jsonb_populate_record(null::alert_subscriptions, $1) s
ON CONFLICT (subscription_id) DO UPDATE SET
    name = excluded.name, kinds = excluded.kinds, severities = excluded.severities,
    store_ids = excluded.store_ids, told = excluded.told, channel = excluded.channel,
    target = excluded.target, secret = excluded.secret, language = excluded.language,
    window_seconds = excluded.window_seconds, quiet_from = excluded.quiet_from,
    quiet_until = excluded.quiet_until, time_zone = excluded.time_zone, enabled = excluded.enabled,
    version = excluded.version, changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
_READ = """
SELECT * FROM alert_subscriptions
WHERE subscription_id = $1 AND ($2::text[] IS NULL OR store_ids <@ $2)
"""
_LIST = """
SELECT * FROM alert_subscriptions
WHERE subscription_id > $1 AND ($2::text[] IS NULL OR store_ids <@ $2) ORDER BY subscription_id LIMIT $3
"""


async def create_subscription(
    conn: Connection, principal: Principal, given: SubscriptionInput, *, private: bool, now: datetime
) -> SubscriptionView:
    """Keep a new subscription.

    Raises:
        Problem: 422 naming the target or the secret; 403 for stores that are not the caller's.
    """
    _check_stores(principal, given.store_ids)
    _check(given, given.target, given.secret, private=private)
    own = {"subscription_id": uuid7(), "version": 1, "changed_at": now, "changed_by": principal.subject}
    return await _store(conn, principal, given.model_dump(mode="json") | own, None)


async def change_subscription(
    conn: Connection,
    principal: Principal,
    change: tuple[UUID, SubscriptionChange],
    *,
    private: bool,
    if_match: str | None,
    now: datetime,
) -> SubscriptionView:
    """Change a subscription; what waits to be told goes to the new target."""
    subscription_id, given = change
    before = await _lock(conn, principal, subscription_id)
    check_match(if_match, before["version"])
    _check_stores(principal, given.store_ids)
    target = given.target or before["target"]
    secret = given.secret if "secret" in given.model_fields_set else before["secret"]
    _check(given, target, secret, private=private)
    own = {"target": target, "secret": secret, "subscription_id": subscription_id}
    stamp = {"version": before["version"] + 1, "changed_at": now, "changed_by": principal.subject}
    return await _store(conn, principal, given.model_dump(mode="json") | own | stamp, before)


async def delete_subscription(
    conn: Connection, principal: Principal, subscription_id: UUID, *, if_match: str | None
) -> None:
    """Forget a subscription with what waits to be told; what was put in to be sent is still sent."""
    before = await _lock(conn, principal, subscription_id)
    check_match(if_match, before["version"])
    await conn.execute("DELETE FROM alert_subscriptions WHERE subscription_id = $1", subscription_id)
    await _note(conn, principal, "delete", before, None)


async def get_subscription(conn: Connection, principal: Principal, subscription_id: UUID) -> SubscriptionView:
    return _view(await _find(conn, principal, subscription_id))


async def list_subscriptions(
    conn: Connection, principal: Principal, *, after: UUID, limit: int
) -> list[SubscriptionView]:
    """Read the subscriptions that concern no other stores than the caller's."""
    return [_view(row) for row in await conn.fetch(_LIST, after, _stores(principal), limit)]


async def send_test(conn: Connection, principal: Principal, subscription_id: UUID, *, now: datetime) -> UUID:
    """Put in a message that says no more than that the subscription works."""
    row = await _find(conn, principal, subscription_id)
    text = word("test", row["language"])
    message = outgoing(row, text, {"test": True, "subscription_id": str(subscription_id)}, text)
    (delivery_id,) = await enqueue(conn, [message], now=now)
    await audit.record(conn, principal, "test", "alert_subscription", str(subscription_id))
    return delivery_id


def outgoing(subscription: Any, subject: str, document: dict[str, Any], text: str) -> Outgoing:
    """Make the message of a subscription: a document for a webhook, text for people."""
    return Outgoing(
        channel=subscription["channel"],
        target=subscription["target"],
        secret=subscription["secret"],
        topic=TOPIC,
        subject=subject,
        body=document if subscription["channel"] == "webhook" else text,
    )


def _check(given: SubscriptionTerms, target: str, secret: str | None, *, private: bool) -> None:
    if given.channel == "webhook":
        check_webhook(target, secret or "", private=private)
        return
    try:
        check_target(given.channel, target, private=private)
    except TargetRefused as error:
        raise invalid("target", str(error)) from error


def _check_stores(principal: Principal, store_ids: Collection[str] | None) -> None:
    if store_ids is None:
        principal.check_every_store()
    for store_id in store_ids or ():
        principal.check_store(store_id)


def _stores(principal: Principal) -> list[str] | None:
    return None if principal.stores is None else sorted(principal.stores)


async def _find(conn: Connection, principal: Principal, subscription_id: UUID, *, lock: str = "") -> Any:
    row = await conn.fetchrow(_READ + lock, subscription_id, _stores(principal))
    if row is None:
        raise not_found("subscription", subscription_id)
    return row


async def _lock(conn: Connection, principal: Principal, subscription_id: UUID) -> Any:
    return await _find(conn, principal, subscription_id, lock=" FOR UPDATE")


async def _store(
    conn: Connection, principal: Principal, document: dict[str, Any], before: Any
) -> SubscriptionView:
    await conn.execute(_WRITE, document)
    after = await _find(conn, principal, document["subscription_id"])
    await _note(conn, principal, "change" if before else "create", before, after)
    return _view(after)


async def _note(conn: Connection, principal: Principal, action: str, before: Any, after: Any) -> None:
    documents = [row and _view(row).model_dump(mode="json") for row in (before, after)]
    entity_id = str((after or before)["subscription_id"])
    await audit.record(
        conn, principal, action, "alert_subscription", entity_id, before=documents[0], after=documents[1]
    )


def _view(row: Any) -> SubscriptionView:
    shown = {name: row[name] for name in SubscriptionView.model_fields if name != "has_secret"}
    shown |= {"target": masked(row["target"]), "has_secret": row["secret"] is not None}
    return SubscriptionView(**shown)
