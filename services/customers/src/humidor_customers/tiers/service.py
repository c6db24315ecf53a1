"""Keeps tier schemes: drafts, locked ones, and the one of each code that is in force."""

from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import TierSchemePublished
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, not_found
from humidor_customers.tiers import queries
from humidor_customers.tiers.rules import State, may_become
from humidor_customers.tiers.schemas import NewScheme, SchemeTerms, SchemeView


async def get_scheme(conn: Connection, scheme_id: UUID) -> SchemeView:
    found = await queries.read_scheme(conn, scheme_id)
    if found is None:
        raise not_found("tier scheme", scheme_id)
    return found


async def lock_scheme(conn: Connection, scheme_id: UUID) -> SchemeView:
    """Lock a scheme with all of its code, and read it."""
    await queries.lock_code(conn, (await get_scheme(conn, scheme_id)).code)
    return await get_scheme(conn, scheme_id)


async def create_scheme(
    conn: Connection, principal: Principal, new: NewScheme, *, now: datetime
) -> SchemeView:
    """Draft a scheme; the next number of its code."""
    await queries.lock_code(conn, new.code)
    scheme = SchemeView(
        **new.model_dump(),
        scheme_id=uuid7(),
        number=await queries.last_number(conn, new.code) + 1,
        state="draft",
        locked_at=None,
        locked_by=None,
        published_at=None,
        published_by=None,
        version=1,
        created_at=now,
        created_by=principal.subject,
        changed_at=now,
    )
    await queries.write_scheme(conn, scheme)
    await audit.record(conn, principal, "create", "tier_scheme", str(scheme.scheme_id), after=scheme)
    return scheme


async def change_scheme(
    conn: Connection,
    principal: Principal,
    change: tuple[UUID, SchemeTerms],
    *,
    if_match: str | None,
    now: datetime,
) -> SchemeView:
    """Change a draft; the same again changes nothing.

    Raises:
        Problem: 404; 409 `scheme-locked`; 412.
    """
    scheme_id, terms = change
    before = await lock_scheme(conn, scheme_id)
    check_match(if_match, before.version)
    if terms.model_dump() == before.model_dump(include=set(SchemeTerms.model_fields)):
        return before
    if before.state != "draft":
        raise Problem(409, "scheme-locked", f"The scheme is {before.state}; draft the next number of it.")
    changed = before.model_copy(update=dict(terms) | {"version": before.version + 1, "changed_at": now})
    await queries.write_scheme(conn, changed)
    await audit.record(
        conn, principal, "change", "tier_scheme", str(changed.scheme_id), before=before, after=changed
    )
    return changed


async def lock_terms(conn: Connection, principal: Principal, scheme_id: UUID, *, now: datetime) -> SchemeView:
    """Lock a draft: from now on customers can be scored by it, and nobody changes it.

    Raises:
        Problem: 404; 409 `scheme-state`.
    """
    before = await lock_scheme(conn, scheme_id)
    marks = {"locked_at": now, "locked_by": principal.subject}
    return await _become(conn, principal, ("lock", "locked"), before, marks | {"changed_at": now})


async def publish_scheme(
    conn: Connection, principal: Principal, scheme_id: UUID, *, reason: str, now: datetime
) -> SchemeView:
    """Put a locked scheme in force, and tell it; the one before it of the same code is retired.

    Customers keep their tiers until a scoring by the new scheme is published.

    Raises:
        Problem: 404; 409 `scheme-state`.
    """
    before = await lock_scheme(conn, scheme_id)
    _check(before, "published")
    if former := await queries.in_force(conn, before.code):
        await _become(conn, principal, ("retire", "retired"), former, {"changed_at": now}, reason)
    marks = {"published_at": now, "published_by": principal.subject, "changed_at": now}
    scheme = await _become(conn, principal, ("publish", "published"), before, marks, reason)
    told = {name: getattr(scheme, name) for name in TierSchemePublished.__struct_fields__}
    await outbox.append(conn, [TierSchemePublished(**told)])
    return scheme


def _check(scheme: SchemeView, state: State) -> None:
    if not may_become(scheme.state, state):
        raise Problem(409, "scheme-state", f"A scheme that is {scheme.state} does not become {state}.")


async def _become(
    conn: Connection,
    principal: Principal,
    step: tuple[str, State],
    before: SchemeView,
    marks: dict[str, object],
    reason: str | None = None,
) -> SchemeView:
    action, state = step
    _check(before, state)
    after = before.model_copy(update=marks | {"state": state, "version": before.version + 1})
    await queries.write_scheme(conn, after)
    await audit.record(
        conn,
        principal,
        action,
        "tier_scheme",
        str(after.scheme_id),
        before=before,
        after=after,
        reason=reason,
    )
    return after
