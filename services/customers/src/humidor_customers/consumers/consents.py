"""Records what members allow and take back."""

from collections.abc import Sequence
from datetime import datetime

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import ConsentChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem
from humidor_customers.consumers import queries
from humidor_customers.consumers.rules import Channel, Decision, Purpose, newest
from humidor_customers.consumers.schemas import ConsentInput, ConsentState, ConsentView
from humidor_customers.inputs import CLOCKS_APART


def decision_of(each: ConsentState | ConsentView) -> Decision:
    return Decision(each.purpose, each.channel, each.given, each.decided_at)


def views_of(
    principal: Principal, member_id: str, given: Sequence[ConsentInput], now: datetime
) -> list[ConsentView]:
    """Make what is recorded of decisions.

    Raises:
        Problem: 422 naming those that are in the future.
    """
    errors = [
        FieldError(f"consents[{n}].decided_at", "is in the future")
        for n, each in enumerate(given)
        if each.decided_at and each.decided_at > now + CLOCKS_APART
    ]
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors)
    return [
        ConsentView(
            consent_id=uuid7(),
            member_id=member_id,
            recorded_by=principal.subject,
            recorded_at=now,
            **each.model_dump() | {"decided_at": each.decided_at or now},
        )
        for each in given
    ]


async def allowed(conn: Connection, member_id: str, purpose: Purpose, channel: Channel) -> bool:
    """Tell whether a member who has not left allows to be turned to for a purpose by a channel."""
    given: bool | None = await conn.fetchval(
        """SELECT s.given FROM consent_states s JOIN consumers c USING (member_id)
           WHERE s.member_id = $1 AND s.purpose = $2 AND s.channel = $3 AND c.ended_why IS NULL""",
        member_id,
        purpose,
        channel,
    )
    return bool(given)


async def record(conn: Connection, known: Sequence[ConsentState], views: Sequence[ConsentView]) -> bool:
    """Record decisions of a locked member and tell those that change what holds; gives whether any does."""
    if not views:
        return False
    changed = newest([decision_of(each) for each in known], [decision_of(each) for each in views])
    last = {decision_of(each): each for each in views}
    holding = [last[each] for each in changed.values()]
    await queries.record_consents(conn, views, holding)
    before = {(each.purpose, each.channel): each for each in known}
    told = [each for each in holding if _differs(before.get((each.purpose, each.channel)), each)]
    await outbox.append(conn, [_event(each) for each in told])
    return bool(holding)


def _differs(before: ConsentState | None, after: ConsentView) -> bool:
    return before is None or (before.given, before.text_version) != (after.given, after.text_version)


def _event(each: ConsentView) -> ConsentChanged:
    return ConsentChanged(
        member_id=each.member_id,
        purpose=each.purpose,
        channel=each.channel,
        given=each.given,
        text_version=each.text_version,
        decided_at=each.decided_at,
    )
