"""Takes records that another system sends by webhook, by the mapping of its connector."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError

from humidor_common.auth.sealing import SealBroken, Sealer
from humidor_common.db.pool import Connection
from humidor_common.delivery.signing import is_signed, webhook_key
from humidor_common.web.errors import field_path
from humidor_common.web.problems import FieldError, Problem
from humidor_customers.connectors import queries as connectors
from humidor_customers.connectors.schemas import ConnectorView
from humidor_customers.crm.remote import RemoteRecord
from humidor_customers.crm.values import PlainCodec
from humidor_customers.exchange import failures
from humidor_customers.exchange.removing import remove
from humidor_customers.exchange.reporting import report_taken
from humidor_customers.exchange.rules import newest_of_each
from humidor_customers.exchange.schemas import ErrorView
from humidor_customers.exchange.taking import Plan, take_records
from humidor_customers.exchange.work import Report, start_work
from humidor_customers.hooks.schemas import HookAnswer, HookMessage, HookRecord, ResultView

KEPT = timedelta(days=7)
KEPT_FAILURES = timedelta(days=90)
_LONGEST_ID = 200
_FORGET = """
DELETE FROM hook_messages WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM hook_messages WHERE received_at < $1 ORDER BY received_at LIMIT 100))
"""


class Sent(NamedTuple):
    """A message as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers.get("webhook-id", "")


async def take_message(
    conn: Connection, connector_id: str, sent: Sent, keys: str, *, now: datetime
) -> HookAnswer:
    """Take a message once: the same again gets the first answer.

    Raises:
        Problem: 401 `not-signed`; 422 where it cannot be read, or its id came with another body.
    """
    connector = await _prove(conn, connector_id, sent, keys, now=now)
    digest = hashlib.sha256(sent.body).digest()
    # One message of a connector after the other: two that tell of one new record make one customer.
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7401005))", connector_id)
    known = await conn.fetchrow(
        "SELECT body_hash, answer FROM hook_messages WHERE connector_id = $1 AND message_id = $2",
        connector_id,
        sent.message_id,
    )
    if known is not None:
        if known["body_hash"] != digest:
            raise Problem(422, "message-id-reused", "This webhook-id came with another body.")
        return HookAnswer.model_validate(known["answer"])
    answer = await _take(conn, connector, _read(sent.body), now=now)
    await conn.execute(
        """INSERT INTO hook_messages (connector_id, message_id, body_hash, answer, received_at)
           VALUES ($1, $2, $3, $4, $5)""",
        connector_id,
        sent.message_id,
        digest,
        answer.model_dump(mode="json"),
        now,
    )
    await conn.execute(_FORGET, now - KEPT)
    await failures.forget_old(conn, connector_id, before=now - KEPT_FAILURES)
    return answer


async def _prove(
    conn: Connection, connector_id: str, sent: Sent, keys: str, *, now: datetime
) -> ConnectorView:
    """Find the connector whose secret signed the message; whatever is wrong gets the same answer."""
    refused = Problem(401, "not-signed", "The message is not signed with the secret of such a webhook.")
    connector = await connectors.read(conn, connector_id)
    sealed, _ = await connectors.sealed(conn, connector_id)
    try:
        secrets = Sealer(keys).open(connector_id, sealed)
    except SealBroken:
        secrets = {}
    message_id = sent.message_id
    if connector is None or not connector.enabled or "signing_secret" not in secrets:
        raise refused
    if not 0 < len(message_id) <= _LONGEST_ID or not message_id.isprintable() or not message_id.isascii():
        raise refused
    signed = (message_id, sent.headers.get("webhook-timestamp", ""), sent.body)
    key = webhook_key(secrets["signing_secret"])
    if not is_signed(key, signed, sent.headers.get("webhook-signature", ""), now=now):
        raise refused
    return connector


def _read(body: bytes) -> list[HookRecord]:
    try:
        return HookMessage.model_validate_json(body).data.records
    except ValidationError as error:
        found = [
            FieldError(field_path(("body", *each["loc"])), each["msg"])
            for each in error.errors(include_url=False, include_input=False, include_context=False)[:50]
        ]
        detail = f"{found[0].field}: {found[0].message}"[:500]
        raise Problem(422, "invalid", detail, errors=found) from error


async def _take(
    conn: Connection, connector: ConnectorView, records: list[HookRecord], *, now: datetime
) -> HookAnswer:
    work = await start_work(conn, connector, PlainCodec())
    report = Report(connector_id=connector.connector_id)
    sent = newest_of_each(
        RemoteRecord(each.id, each.fields, each.modified_at, gone=each.deleted) for each in records
    )
    plans = await take_records(conn, work, [each for each in sent if not each.gone], now=now)
    await report_taken(conn, report, plans, now=now)
    gone = [each.remote_id for each in sent if each.gone]
    links = {each.remote_id: each for each in await remove(conn, work, report, gone, now=now)} if gone else {}
    results = {each.record.remote_id: _result(each) for each in plans}
    for remote_id in gone:
        link = links.get(remote_id)
        outcome = "gone" if link else "unchanged"
        results[remote_id] = ResultView(
            id=remote_id, outcome=outcome, retailer_id=link.retailer_id if link else None
        )
    return HookAnswer(results=[results[each.remote_id] for each in sent])


def _result(plan: Plan) -> ResultView:
    code, errors = plan.wrong or (None, ())
    return ResultView(
        id=plan.record.remote_id,
        outcome="failed" if code else plan.outcome,
        retailer_id=plan.retailer_id or None,
        code=code,
        errors=[ErrorView(field=each.field, message=each.message) for each in errors],
    )
