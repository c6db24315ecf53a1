"""Takes records of another system over, a page in a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_customers.crm.remote import RemoteRecord
from humidor_customers.crm.rules import Values, Wrong, applied, flat
from humidor_customers.exchange import links as linking
from humidor_customers.exchange.failures import CONFLICT, Failure
from humidor_customers.exchange.links import Link
from humidor_customers.exchange.rules import Conflict, Decision, newer_side, reconcile, shown
from humidor_customers.exchange.work import Work, as_input, wrong_of
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.schemas import RetailerInput
from humidor_customers.retailers.service import put_retailers

_LOCKED_ONE_BY_ONE = 80


@dataclass
class Plan:
    """What is to become of one record."""

    record: RemoteRecord
    values: Values
    link: Link | None = None
    retailer_id: str = ""
    before: Document | None = None
    decision: Decision | None = None
    outcome: str = "unchanged"
    wrong: tuple[str, Sequence[Wrong]] | None = None

    @property
    def failure(self) -> Failure | None:
        if self.wrong is None:
            return None
        code, errors = self.wrong
        remote_id = self.record.remote_id
        return Failure("in", remote_id, code, errors, remote_id, self.retailer_id or None)


@dataclass
class Taking:
    """A page under way: what is known of it and what is to be written."""

    work: Work
    now: datetime
    decisions: Mapping[str, Any]
    plans: list[Plan] = field(default_factory=list)

    @property
    def sound(self) -> list[Plan]:
        return [each for each in self.plans if each.wrong is None and each.outcome != "skipped"]


async def take_records(
    conn: Connection,
    work: Work,
    records: Sequence[RemoteRecord],
    *,
    now: datetime,
    decisions: Mapping[str, Any] | None = None,
) -> list[Plan]:
    """Take over records that are there, each by itself: what is wrong with one keeps no other out.

    Writes customers, with events and audit trail, and links. Gives what became of each.
    """
    taking = Taking(work, now, decisions or {})
    await _read(conn, taking, records)
    for each in taking.sound:
        _decide(taking, each)
    await _put(conn, taking)
    await _link(conn, taking)
    return taking.plans


async def _read(conn: Connection, taking: Taking, records: Sequence[RemoteRecord]) -> None:
    work = taking.work
    known = await linking.of_records(conn, work.connector_id, [each.remote_id for each in records])
    for record in records:
        values, wrong = work.translator.to_ours(record.fields)
        plan = Plan(record, values, known.get(record.remote_id))
        plan.retailer_id = plan.link.retailer_id if plan.link else ""
        plan.wrong = ("invalid", wrong) if wrong else None
        taking.plans.append(plan)
    keys = [each.retailer_id for each in taking.plans if each.retailer_id]
    keys += [f"licence {number}" for each in taking.plans if (number := each.values.get("licence_number"))]
    if len(records) > _LOCKED_ONE_BY_ONE:
        await retailers.lock_all(conn)
    else:
        await retailers.lock(conn, keys, hierarchy=True)
    await _match(conn, taking)
    documents = await retailers.read(conn, [each.retailer_id for each in taking.plans if each.retailer_id])
    for each in taking.plans:
        each.before = documents.get(each.retailer_id)
        if each.before and (survivor := each.before["merged_into"]) and each.wrong is None:
            detail = f"the customer was merged into {survivor}: merge the records over there too"
            each.wrong = ("merged", [Wrong("", detail)])


async def _match(conn: Connection, taking: Taking) -> None:
    """Find the customers of records that are not linked; each customer has one record."""
    back = [each for each in taking.plans if each.link and each.link.state == "gone"]
    fresh = [each for each in taking.plans if each.link is None and each.wrong is None]
    numbers = [each.values["licence_number"] for each in fresh if each.values.get("licence_number")]
    holders = await retailers.licence_holders(conn, numbers) if numbers else {}
    named = [each.values["retailer_id"] for each in fresh if each.values.get("retailer_id")]
    known = await retailers.read(conn, named) if named else {}
    for each in fresh:
        found = {
            "licence_number": holders.get(each.values.get("licence_number") or ""),
            "retailer_id": name if (name := each.values.get("retailer_id")) in known else None,
        }
        matched = [target for name in taking.work.mapping.match if (target := found[name])]
        each.retailer_id = matched[0] if matched else ""
    await _refuse_seconds(conn, taking, [each for each in (*fresh, *back) if each.wrong is None])


async def _refuse_seconds(conn: Connection, taking: Taking, fresh: Sequence[Plan]) -> None:
    connector_id = taking.work.connector_id
    holders = await linking.of_customers(conn, connector_id, [e.retailer_id for e in fresh if e.retailer_id])
    owner = {target: link.remote_id for target, link in holders.items() if link.state == "live"}
    licences: dict[str, str] = {}
    for each in fresh:
        remote_id, number = each.record.remote_id, each.values.get("licence_number")
        other = owner.setdefault(each.retailer_id, remote_id) if each.retailer_id else remote_id
        if other == remote_id and number and not each.retailer_id:
            other = licences.setdefault(number, remote_id)
        if other != remote_id:
            each.wrong = (
                "duplicate-there",
                [Wrong("", f"is the same customer as record {other} over there")],
            )


def _decide(taking: Taking, plan: Plan) -> None:
    mapping = taking.work.mapping
    if plan.before is None:
        if mapping.create not in ("both", "here"):
            plan.outcome = "skipped"
            return
        plan.retailer_id, plan.outcome = f"R{uuid7().hex}", "created"
        ours: Values = {"retailer_id": plan.retailer_id}
    else:
        ours = flat(plan.before)
        plan.outcome = "unchanged" if plan.link else "linked"
    forced = taking.decisions.get(plan.record.remote_id)
    newer = newer_side(plan.before["changed_at"], plan.record.modified_at) if plan.before else "theirs"
    fields = mapping.fields
    if forced:
        fields = [each.model_copy(update={"wins": forced}) for each in fields]
    sides = (plan.link.shadow if plan.link else None, ours, plan.values)
    plan.decision = reconcile(fields, sides, conflicts=mapping.conflicts, newer=newer)
    if plan.decision.take and plan.outcome == "unchanged":
        plan.outcome = "changed"


async def _put(conn: Connection, taking: Taking) -> None:
    """Write the customers; those that are refused are left out and the rest is tried again."""
    wanted: dict[str, RetailerInput] = {}
    for each in taking.sound:
        if each.decision is None or not each.decision.take:
            continue
        made = as_input(applied(each.before, each.decision.take))
        if isinstance(made, RetailerInput):
            wanted[each.retailer_id] = made
        else:
            each.wrong = ("invalid", made)
    by_id = {each.retailer_id: each for each in taking.plans}
    reason = f"connector {taking.work.connector_id}"
    while wanted:
        outcomes = await put_retailers(conn, taking.work.principal, wanted, now=taking.now, reason=reason)
        refused = {each.retailer_id: each.problem for each in outcomes if each.problem}
        if not refused:
            return
        for retailer_id, problem in refused.items():
            by_id[retailer_id].wrong = (problem.code, wrong_of(problem))
            del wanted[retailer_id]


async def _link(conn: Connection, taking: Taking) -> None:
    rows = []
    for each in taking.sound:
        if each.decision is None:
            continue
        if each.decision.undecided:
            each.wrong = (CONFLICT, [_contest(one) for one in each.decision.conflicts if one.won is None])
        owed = bool(each.decision.owed) and not each.decision.undecided
        sent = each.link.sent_version if each.link else 0
        at = each.record.modified_at
        rows.append(
            Link(each.record.remote_id, each.retailer_id, "live", each.decision.shadow, sent, owed, at)
        )
    await linking.write(conn, taking.work.connector_id, rows, now=taking.now)


def _contest(conflict: Conflict) -> Wrong:
    ours, theirs = (shown(conflict.field, value) for value in (conflict.ours, conflict.theirs))
    return Wrong(conflict.field, f"both sides changed it: {ours!r} here, {theirs!r} there"[:300])
