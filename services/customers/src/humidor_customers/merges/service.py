"""Makes one record of two."""

from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import RetailersMerged
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, not_found
from humidor_customers.cycles.members import move_membership
from humidor_customers.duplicates import queries as duplicates
from humidor_customers.exchange import links
from humidor_customers.merges import queries
from humidor_customers.merges.rules import Document, frozen, merged_document
from humidor_customers.merges.schemas import MergeInput, MergeView, Moved
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.schemas import RetailerInput
from humidor_customers.retailers.service import get_retailer, refuse_merged, save


async def get_merge(conn: Connection, merge_id: UUID) -> MergeView:
    found = await queries.read(conn, merge_id)
    if found is None:
        raise not_found("merge", merge_id)
    return found


async def merge(conn: Connection, principal: Principal, given: MergeInput, *, now: datetime) -> MergeView:
    """Merge two records: all that refers to the one refers to the survivor from now on.

    Raises:
        Problem: 404; 409 `retailer-merged`, `licence-in-use`, `merge-hierarchy` where one is above the other;
            422 where what they come to is no customer.
    """
    children = await lock_two(conn, given.survivor_id, given.merged_id)
    survivor, other = await _read_two(conn, given.survivor_id, given.merged_id)
    after = next_version(merged_document(survivor, other, given.take), now)
    check_sound(after, "take", 422)
    await check_licences(conn, {given.survivor_id, given.merged_id}, after)
    merged = next_version(other | {"merged_into": given.survivor_id, "store_ids": []}, now)
    action = {"action": "merge", "reason": given.reason}
    await save(conn, principal, [merged], {given.merged_id: other}, **action)
    await save(conn, principal, [after], {given.survivor_id: survivor}, **action)
    await reparent(conn, principal, children, given.survivor_id, now=now)
    moved = await _move(conn, other["store_ids"], children, (given.merged_id, given.survivor_id))
    row = given.model_dump() | {
        "merge_id": uuid7(),
        "merged_at": now,
        "merged_by": principal.subject,
        "survivor_before": frozen(survivor),
        "survivor_after": frozen(after),
        "moved": moved.model_dump(mode="json"),
    }
    await queries.write(conn, row)
    decision = (principal.subject, given.reason, now)
    await duplicates.forget_open(conn, [given.merged_id])
    await duplicates.decide(conn, (given.survivor_id, given.merged_id), "merged", decision)
    view = await get_merge(conn, row["merge_id"])
    await outbox.append(conn, [_event(view)])
    return view


def _event(view: MergeView) -> RetailersMerged:
    return RetailersMerged(
        merge_id=view.merge_id,
        survivor_id=view.survivor_id,
        merged_id=view.merged_id,
        merged_at=view.merged_at,
        moved_store_ids=view.moved.store_ids,
    )


async def _read_two(conn: Connection, survivor_id: str, merged_id: str) -> tuple[Document, Document]:
    """Read two records that can become one: neither is merged, and neither is above the other."""
    survivor, other = await get_retailer(conn, survivor_id), await get_retailer(conn, merged_id)
    refuse_merged(survivor)
    refuse_merged(other)
    above = await retailers.read_parents(conn, [survivor_id, merged_id])
    for one, two in ((survivor_id, merged_id), (merged_id, survivor_id)):
        if _is_above(above, one, two):
            raise Problem(409, "merge-hierarchy", f"{one} is above {two}; take that relation away first.")
    return survivor, other


async def lock_two(conn: Connection, survivor_id: str, merged_id: str, *others: str) -> list[str]:
    """Lock two records, the hierarchy and all below the second; gives these.

    Raises:
        Problem: 409 `changed-meanwhile`.
    """
    children = await queries.children_of(conn, merged_id)
    await retailers.lock(conn, [survivor_id, merged_id, *children, *others], hierarchy=True)
    if set(await queries.children_of(conn, merged_id)) - set(children):
        raise Problem(409, "changed-meanwhile", "Somebody else has just added to it; try again.")
    return children


async def reparent(
    conn: Connection, principal: Principal, children: list[str], parent_id: str, *, now: datetime
) -> None:
    """Put locked customers under another parent."""
    before = await retailers.read(conn, children)
    after = [next_version(before[each] | {"parent_id": parent_id}, now) for each in children]
    await save(conn, principal, after, before, reason=f"parent: {parent_id}")


def next_version(document: Document, now: datetime) -> Document:
    return document | {"version": document["version"] + 1, "changed_at": now}


async def check_licences(conn: Connection, own: set[str], *documents: Document) -> None:
    """Refuse where a licence would have two live holders: two of these, or one beside the `own` records.

    Raises:
        Problem: 409 `licence-in-use`.
    """
    live = [each for each in documents if each["state"] != "closed" and each["licence_number"]]
    numbers = [each["licence_number"] for each in live]
    holders = await retailers.licence_holders(conn, numbers)
    for each in live:
        number, holder = each["licence_number"], holders.get(each["licence_number"])
        if numbers.count(number) > 1 or (holder and holder not in own):
            detail = (
                f"The licence {number} belongs to {holder or each['retailer_id']} now; change that first."
            )
            raise Problem(409, "licence-in-use", detail)


def check_sound(document: Document, field: str, status: int) -> None:
    """Refuse what no customer may be, such as an active one without a licence."""
    try:
        RetailerInput.model_validate({name: document[name] for name in RetailerInput.model_fields})
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        errors = [FieldError(field, message)]
        raise Problem(status, "not-sound", f"It would not be sound: {message}.", errors=errors) from error


def _is_above(parents: dict[str, str | None], one: str, other: str) -> bool:
    step = parents.get(other)
    while step is not None and step != one:
        step = parents.get(step)
    return step == one


async def _move(
    conn: Connection, store_ids: list[str], children: list[str], from_to: tuple[str, str]
) -> Moved:
    group, taken = await move_membership(conn, from_to)
    return Moved(
        store_ids=store_ids,
        children=children,
        notes=await queries.move(conn, "retailer_notes", "note_id", from_to),
        checks=await queries.move(conn, "licence_checks", "check_id", from_to),
        orders=await queries.move(conn, "orders", "order_id", from_to),
        plans=await queries.move(conn, "retailer_plans", "plan_id", from_to),
        order_group=group,
        order_group_taken=taken,
        records=await links.move(conn, *from_to),
        answers=await queries.move(conn, "survey_responses", "response_key", from_to),
        interactions=await queries.move_parties(conn, "interactions", "interaction_id", from_to),
        tasks=await queries.move_parties(conn, "tasks", "task_id", from_to),
        visits=await queries.move(conn, "visits", "visit_id", from_to),
        presales=await queries.move(conn, "presales", "presale_id", from_to),
        handles=await queries.move_handles(conn, from_to),
    )
