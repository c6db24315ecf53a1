"""Keeps members among consumers; who they are stands apart (`contacts.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import latest_date
from humidor_common.db.pool import Connection
from humidor_common.events.customers import ConsumerJoined, MembershipEnded
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_customers.consumers import consents, queries
from humidor_customers.consumers.rules import RULE, adult_error, gives_away, withdrawals
from humidor_customers.consumers.schemas import (
    AdultCheck,
    ConsentInput,
    ConsentView,
    ConsumerInput,
    ConsumerView,
    NewConsumer,
)
from humidor_customers.stores.queries import unknown_stores

Why = Literal["left", "not_an_adult", "erased"]

_MASKED_DIGITS = 4


async def seen(conn: Connection, principal: Principal, member_id: str) -> ConsumerView:
    """Read a member of a store that is the caller's.

    Raises:
        Problem: 404, also for members of others.
    """
    found = await queries.read(conn, member_id)
    if found is None or not principal.may_use_store(found.store_id):
        raise not_found("member", member_id)
    return found


async def lock_live(conn: Connection, principal: Principal, member_id: str) -> ConsumerView:
    """Lock and read a member that is to be changed.

    Raises:
        Problem: 404; 409 `membership-ended`.
    """
    await queries.lock(conn, member_id)
    found = await seen(conn, principal, member_id)
    if found.ended_why:
        raise Problem(409, "membership-ended", f"The membership has ended: {found.ended_why}.")
    return found


async def join(conn: Connection, principal: Principal, new: NewConsumer, *, now: datetime) -> ConsumerView:
    """Record a member with what it allows.

    Raises:
        Problem: 409 `member-exists`; 422, with the code `not-an-adult` naming the rule for a minor.
    """
    _check_adult(new.adult, now)
    if new.adult.outcome == "minor":
        raise Problem(422, "not-an-adult", f"{RULE}.", errors=[FieldError("adult.outcome", RULE)])
    member_id = new.member_id or f"M{uuid7().hex}"
    if gives_away(member_id) or member_id == new.card_number:
        raise invalid("member_id", "is the number of a person or card; events carry it, so it must not be")
    await queries.lock(conn, member_id)
    if await queries.read(conn, member_id):
        errors = [FieldError("member_id", "is taken")]
        raise Problem(409, "member-exists", f"There is a member {member_id!r} already.", errors=errors)
    await _check_references(conn, member_id, new.store_id, new.card_number)
    view = ConsumerView(
        member_id=member_id,
        card_number=new.card_number,
        store_id=new.store_id,
        joined_at=now,
        adult_verified=new.adult.outcome == "adult",
        adult_method=new.adult.method,
        adult_checked_on=new.adult.checked_on,
        consents=[],
        has_contact=False,
        ended_why=None,
        ended_at=None,
        version=1,
        changed_at=now,
    )
    decided = consents.views_of(principal, member_id, new.consents, now)
    await queries.write(conn, view)
    joined = ConsumerJoined(
        member_id=member_id, store_id=view.store_id, adult_verified=view.adult_verified, joined_at=now
    )
    await outbox.append(conn, [joined])
    await consents.record(conn, [], decided)
    return await note(conn, principal, "create", None, member_id)


async def put_consumer(
    conn: Connection,
    principal: Principal,
    member: tuple[str, ConsumerInput],
    *,
    if_match: str | None,
    now: datetime,
) -> ConsumerView:
    """Change a member's card or store; the same again changes nothing."""
    member_id, given = member
    before = await lock_live(conn, principal, member_id)
    check_match(if_match, before.version)
    if given.model_dump() == before.model_dump(include=set(ConsumerInput.model_fields)):
        return before
    await _check_references(conn, member_id, given.store_id, given.card_number)
    return await change(conn, principal, "change", before, now=now, **given.model_dump())


async def check_adult(
    conn: Connection, principal: Principal, member_id: str, check: AdultCheck, *, now: datetime
) -> ConsumerView:
    """Record a check of a member's age; the membership of a minor ends at once."""
    _check_adult(check, now)
    before = await lock_live(conn, principal, member_id)
    if check.outcome == "unchecked":
        raise invalid("outcome", "a check comes to adult or minor")
    if check.outcome == "minor":
        return await end(conn, principal, before, "not_an_adult", reason=RULE, now=now)
    return await change(
        conn,
        principal,
        "check_adult",
        before,
        now=now,
        adult_verified=True,
        adult_method=check.method,
        adult_checked_on=check.checked_on,
    )


async def decide(
    conn: Connection, principal: Principal, member_id: str, given: Sequence[ConsentInput], *, now: datetime
) -> ConsumerView:
    """Record what a member allows or takes back."""
    before = await lock_live(conn, principal, member_id)
    if await consents.record(conn, before.consents, consents.views_of(principal, member_id, given, now)):
        return await change(conn, principal, "decide", before, now=now)
    return before


async def end(
    conn: Connection, principal: Principal, before: ConsumerView, why: Why, *, reason: str, now: datetime
) -> ConsumerView:
    """End a locked membership: all consents are withdrawn, and others are told."""
    text = {(each.purpose, each.channel): each.text_version for each in before.consents}
    views = [
        ConsentView(
            consent_id=uuid7(),
            member_id=before.member_id,
            source=f"membership ended: {why}",
            text_version=text[each.purpose, each.channel],
            recorded_by=principal.subject,
            recorded_at=now,
            **each._asdict(),
        )
        for each in withdrawals([consents.decision_of(each) for each in before.consents], now)
    ]
    await consents.record(conn, before.consents, views)
    ended = MembershipEnded(member_id=before.member_id, why=why, ended_at=now)
    await outbox.append(conn, [ended])
    adult = before.adult_verified and why != "not_an_adult"
    changes = {"ended_why": why, "ended_at": now, "adult_verified": adult}
    return await change(conn, principal, "end", before, now=now, reason=reason, **changes)


async def change(
    conn: Connection,
    principal: Principal,
    action: str,
    before: ConsumerView,
    *,
    now: datetime,
    reason: str | None = None,
    **changes: object,
) -> ConsumerView:
    """Write changes of a locked member under its next version, and note who made them."""
    update = {**changes, "version": before.version + 1, "changed_at": now}
    await queries.write(conn, before.model_copy(update=update))
    return await note(conn, principal, action, before, before.member_id, reason=reason)


async def note(
    conn: Connection,
    principal: Principal,
    action: str,
    before: ConsumerView | None,
    member_id: str,
    *,
    reason: str | None = None,
) -> ConsumerView:
    """Read a member after a change and write the trail, which is kept for ever and names nobody."""
    after = await queries.read(conn, member_id)
    if after is None:
        raise not_found("member", member_id)
    await audit.record(
        conn,
        principal,
        action,
        "consumer",
        member_id,
        before=before and _trail(before),
        after=_trail(after),
        reason=reason,
    )
    return after


def _trail(view: ConsumerView) -> dict[str, object]:
    card = view.card_number and f"****{view.card_number[-_MASKED_DIGITS:]}"
    return view.model_dump(mode="json", exclude={"changed_at"}) | {"card_number": card}


def _check_adult(check: AdultCheck, now: datetime) -> None:
    if message := adult_error(check.outcome, check.method, check.checked_on, latest_date(now)):
        raise invalid("adult.checked_on", message)


async def _check_references(conn: Connection, member_id: str, store_id: str, card_number: str | None) -> None:
    if await unknown_stores(conn, [store_id]):
        raise invalid("store_id", "there is no such store")
    if card_number and await queries.card_holder(conn, card_number) not in (None, member_id):
        raise invalid("card_number", "belongs to another member")
