"""Makes two records of one again."""

from datetime import datetime
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.customers import MergeUndone
from humidor_common.messaging import outbox
from humidor_common.web.problems import Problem, not_found
from humidor_customers.cycles.members import give_membership_back
from humidor_customers.duplicates import queries as duplicates
from humidor_customers.exchange import links
from humidor_customers.merges import queries
from humidor_customers.merges.rules import Document, Kept, Restored, frozen, restore, thawed
from humidor_customers.merges.schemas import MergeView
from humidor_customers.merges.service import (
    check_licences,
    check_sound,
    get_merge,
    lock_two,
    next_version,
    reparent,
)
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.rules import find_cycle, masked_contact
from humidor_customers.retailers.service import get_retailer, save


async def undo(
    conn: Connection, principal: Principal, merge_id: UUID, *, reason: str, now: datetime
) -> MergeView:
    """Undo a merge: both records are what they were; what changed since stays where it is and is reported.

    Raises:
        Problem: 404; 409 `merge-undone`, `later-merge` naming the one to undo first, `licence-in-use`,
            `hierarchy-cycle`, or `not-sound` where the survivor would be no customer.
    """
    found = await get_merge(conn, merge_id)
    survivor_id, merged_id = found.survivor_id, found.merged_id
    row = await _lock(conn, found)
    survivor, other = await get_retailer(conn, survivor_id), await get_retailer(conn, merged_id)
    moved = found.moved.store_ids
    restored = restore(row["survivor_before"], row["survivor_after"], frozen(survivor), moved)
    back = [each for each in moved if each in survivor["store_ids"]]
    first = next_version({**survivor, **thawed(restored.survivor)}, now)
    second = next_version({**other, **thawed(restored.merged), "merged_into": None, "store_ids": back}, now)
    first, restored = await _with_parent(conn, first, survivor, restored)
    check_sound(first, "merge_id", 409)
    await check_licences(conn, {survivor_id, merged_id}, first, second)
    action = {"action": "undo_merge", "reason": reason}
    await save(conn, principal, [first], {survivor_id: survivor}, **action)
    await save(conn, principal, [second], {merged_id: other}, **action)
    number = second["licence_number"] if second["licence_number"] != first["licence_number"] else None
    await _give_back(conn, principal, found, number, now)
    await _check_hierarchy(conn, survivor_id, merged_id)
    kept = [_shown(each) for each in (*restored.kept, *await _orders_since(conn, found))]
    await queries.mark_undone(conn, merge_id, now, principal.subject, reason, kept)
    await duplicates.decide(conn, (survivor_id, merged_id), "dismissed", (principal.subject, reason, now))
    told = MergeUndone(
        merge_id=merge_id,
        survivor_id=survivor_id,
        merged_id=merged_id,
        undone_at=now,
        returned_store_ids=back,
    )
    await outbox.append(conn, [told])
    return await get_merge(conn, merge_id)


async def _lock(conn: Connection, found: MergeView) -> Document:
    """Lock a merge and all it concerns; gives what both records were."""
    await lock_two(conn, found.survivor_id, found.merged_id, *found.moved.children)
    row = await queries.lock(conn, found.merge_id)
    if row is None:
        raise not_found("merge", found.merge_id)
    if row["undone_at"]:
        raise Problem(409, "merge-undone", "It is undone already.")
    for each in (found.survivor_id, found.merged_id):
        if later := await queries.later(conn, each, found.merge_id):
            raise Problem(409, "later-merge", f"The merge {later} came after it; undo that one first.")
    return row


async def _with_parent(
    conn: Connection, first: Document, survivor: Document, restored: Restored
) -> tuple[Document, Restored]:
    """Leave the survivor under its present parent where the former one was merged away meanwhile."""
    former, present = first["parent_id"], survivor["parent_id"]
    if former is None or former == present:
        return first, restored
    parent = (await retailers.read(conn, [former]))[former]
    if parent["merged_into"] is None:
        return first, restored
    kept = Kept("parent_id", former, present, present)
    return first | {"parent_id": present}, restored._replace(kept=[*restored.kept, kept])


async def _check_hierarchy(conn: Connection, *retailer_ids: str) -> None:
    parents = await retailers.read_parents(conn, retailer_ids)
    for each in retailer_ids:
        if cycle := find_cycle(parents, each):
            raise Problem(
                409, "hierarchy-cycle", f"Parents would make a circle: {' → '.join(cycle)}; change one first."
            )


async def _give_back(
    conn: Connection, principal: Principal, merge: MergeView, number: str | None, now: datetime
) -> None:
    """Let refer to the merged record again what did and was not changed; checks go by the licence."""
    moved = merge.moved
    children = await retailers.read(conn, moved.children)
    back = [each for each in moved.children if children[each]["parent_id"] == merge.survivor_id]
    await reparent(conn, principal, back, merge.merged_id, now=now)
    notes, checks = [str(each) for each in moved.notes], [str(each) for each in moved.checks]
    await queries.move_back(conn, "retailer_notes", "note_id", notes, merge.merged_id)
    await queries.move_back(conn, "licence_checks", "check_id", checks, merge.merged_id)
    await queries.move_back(conn, "orders", "order_id", [str(each) for each in moved.orders], merge.merged_id)
    await queries.move_back(
        conn, "retailer_plans", "plan_id", [str(each) for each in moved.plans], merge.merged_id
    )
    if moved.order_group:
        group = (moved.order_group, moved.order_group_taken)
        await give_membership_back(conn, (merge.survivor_id, merge.merged_id), group, now)
    await links.move_back(conn, moved.records, merge.merged_id)
    answers = [str(each) for each in moved.answers]
    await queries.move_back(conn, "survey_responses", "response_key", answers, merge.merged_id)
    for table, key, ids in (("visits", "visit_id", moved.visits), ("presales", "presale_id", moved.presales)):
        await queries.move_back(conn, table, key, [str(each) for each in ids], merge.merged_id)
    for table, key, ids in (
        ("interactions", "interaction_id", moved.interactions),
        ("tasks", "task_id", moved.tasks),
    ):
        await queries.move_parties_back(conn, table, key, [str(each) for each in ids], merge.merged_id)
    await queries.move_handles_back(conn, moved.handles, (merge.survivor_id, merge.merged_id))
    if number:
        await queries.move_checks_of(conn, (merge.survivor_id, merge.merged_id), number)


async def _orders_since(conn: Connection, merge: MergeView) -> list[Kept]:
    """Report the orders that the survivor has placed since: nobody can tell whose they would have been."""
    placed = await queries.orders_since(conn, merge.survivor_id, merge.merged_at)
    return [Kept("orders", [], [], [str(each) for each in placed])] if placed else []


def _shown(kept: Kept) -> Document:
    """Report what was kept; contacts masked, because the report stays for ever."""
    if kept.field != "contacts":
        return kept._asdict()
    lists = {
        name: [masked_contact(each) for each in getattr(kept, name)] for name in ("before", "merged", "now")
    }
    return kept._asdict() | lists
