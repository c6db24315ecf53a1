"""Registers and changes trade customers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.events.customers import RetailerChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, not_found
from humidor_customers.retailers import queries
from humidor_customers.retailers.facts import keys_of, load_facts, refusals
from humidor_customers.retailers.queries import FIELDS, Document
from humidor_customers.retailers.rules import licence_state, masked_contact
from humidor_customers.retailers.schemas import NewRetailer, RetailerInput, RetailerView

_TOLD = tuple(RetailerChanged.__struct_fields__)
_DATES = ("licence_valid_from", "licence_valid_until")


class Outcome(NamedTuple):
    """What became of one customer; `problem` where it was refused."""

    retailer_id: str
    status: Literal["created", "changed", "unchanged", "rejected"]
    document: Document | None
    problem: Problem | None = None


def view(document: Mapping[str, Any], now: datetime) -> RetailerView:
    """Show a customer, with what its licence is worth today in its own time zone."""
    today = local_date(now, document["time_zone"])
    dates = (document["licence_valid_from"], document["licence_valid_until"])
    return RetailerView(**document, licence_state=licence_state(document["licence_status"], *dates, today))


def trail(document: Mapping[str, Any]) -> Document:
    """Give what the audit trail keeps for ever: contacts are masked."""
    kept = {**document, "contacts": [masked_contact(each) for each in document["contacts"]]}
    return {name: value for name, value in kept.items() if name not in ("created_at", "changed_at")}


async def get_retailer(conn: Connection, retailer_id: str) -> Document:
    """Read a customer, merged ones too.

    Raises:
        Problem: 404.
    """
    found = await queries.read(conn, [retailer_id])
    if retailer_id not in found:
        raise not_found("customer", retailer_id)
    return found[retailer_id]


async def lock_live(conn: Connection, retailer_id: str) -> Document:
    """Lock and read a customer that is to be changed.

    Raises:
        Problem: 404; 409 `retailer-merged` naming the survivor.
    """
    await queries.lock(conn, [retailer_id])
    found = await get_retailer(conn, retailer_id)
    refuse_merged(found)
    return found


def refuse_merged(document: Document) -> None:
    if merged_into := document["merged_into"]:
        raise Problem(409, "retailer-merged", f"The record was merged into {merged_into!r}.")


async def register(
    conn: Connection, principal: Principal, new: NewRetailer, *, now: datetime
) -> RetailerView:
    """Register a customer.

    Raises:
        Problem: 409 `retailer-exists` where the id is taken; 422.
    """
    retailer_id = new.retailer_id or f"R{uuid7().hex}"
    (outcome,) = await put_retailers(conn, principal, {retailer_id: new}, now=now)
    if outcome.status in ("changed", "unchanged"):  # the caller rolls back
        errors = [FieldError("retailer_id", "is taken")]
        raise Problem(409, "retailer-exists", f"There is a customer {retailer_id!r} already.", errors=errors)
    return _view_of(outcome, now)


def _view_of(outcome: Outcome, now: datetime) -> RetailerView:
    if outcome.problem or outcome.document is None:
        raise outcome.problem or not_found("customer", outcome.retailer_id)
    return view(outcome.document, now)


async def put_retailer(
    conn: Connection,
    principal: Principal,
    retailer: tuple[str, RetailerInput],
    *,
    now: datetime,
    if_match: str | None = None,
    reason: str | None = None,
) -> RetailerView:
    """Register or change one customer.

    Raises:
        Problem: 409 `retailer-merged`, 412, 422 naming every field at fault.
    """
    (outcome,) = await put_retailers(
        conn, principal, dict([retailer]), now=now, if_match=if_match, reason=reason
    )
    return _view_of(outcome, now)


async def put_retailers(
    conn: Connection,
    principal: Principal,
    given: Mapping[str, RetailerInput],
    *,
    now: datetime,
    reason: str | None = None,
    if_match: str | None = None,
) -> list[Outcome]:
    """Register or change customers, tell it and note who did; all of them, or none where one is refused.

    The same again changes nothing.
    """
    wanted = _documents(given)
    hierarchy = any(each["parent_id"] for each in wanted.values())
    await queries.lock(conn, keys_of(wanted), hierarchy=hierarchy)
    before, outcomes = await _plan(conn, wanted, now)
    if if_match is not None:
        for retailer_id in wanted:
            check_match(if_match, before[retailer_id]["version"] if retailer_id in before else None)
    if not any(each.problem for each in outcomes):
        written = [each.document for each in outcomes if each.document and each.status != "unchanged"]
        await save(conn, principal, written, before, reason=reason)
    return outcomes


async def try_retailers(
    conn: Connection, given: Mapping[str, RetailerInput], *, now: datetime
) -> list[Outcome]:
    """Say what would become of customers; locks and writes nothing."""
    _, outcomes = await _plan(conn, _documents(given), now)
    return outcomes


def _documents(given: Mapping[str, RetailerInput]) -> dict[str, Document]:
    return {
        retailer_id: {name: value for name, value in each.model_dump().items() if name in FIELDS}
        for retailer_id, each in given.items()
    }


async def _plan(
    conn: Connection, wanted: Mapping[str, Document], now: datetime
) -> tuple[dict[str, Document], list[Outcome]]:
    before = await queries.read(conn, wanted)
    facts = await load_facts(conn, wanted, before)
    return before, [
        _decide(retailer_id, each, before.get(retailer_id), list(refusals(retailer_id, each, facts)), now)
        for retailer_id, each in wanted.items()
    ]


async def save(
    conn: Connection,
    principal: Principal,
    written: list[Document],
    before: Mapping[str, Document],
    *,
    action: str | None = None,
    reason: str | None = None,
) -> None:
    """Write documents that are known to be sound, tell them and note who did it and why.

    Raises:
        Problem: 409 `changed-meanwhile` where somebody else has taken a licence since that was known.
    """
    if not written:
        return
    try:
        await queries.write(conn, written, before)
    except asyncpg.UniqueViolationError as error:
        raise Problem(409, "changed-meanwhile", "Somebody else has just taken the licence.") from error
    await outbox.append(conn, [changed(each) for each in written])
    entries = [
        audit.Entry(
            action or ("change" if each["retailer_id"] in before else "create"),
            each["retailer_id"],
            trail(before[each["retailer_id"]]) if each["retailer_id"] in before else None,
            trail(each),
        )
        for each in written
    ]
    await audit.record_many(conn, principal, "retailer", entries, reason=reason)


def changed(document: Document) -> RetailerChanged:
    """Make the event of a customer as it now is."""
    told = {name: document[name] for name in _TOLD}
    for name in _DATES:
        told[name] = told[name] and told[name].isoformat()
    return RetailerChanged(**told)


def _decide(
    retailer_id: str, wanted: Document, before: Document | None, errors: list[FieldError], now: datetime
) -> Outcome:
    if before and before["merged_into"]:
        detail = f"The record was merged into {before['merged_into']!r}."
        return Outcome(retailer_id, "rejected", None, Problem(409, "retailer-merged", detail))
    if errors:
        detail = f"{errors[0].field}: {errors[0].message}"
        return Outcome(retailer_id, "rejected", None, Problem(422, "invalid", detail, errors=errors[:50]))
    if before and all(before[name] == value for name, value in wanted.items()):
        return Outcome(retailer_id, "unchanged", before)
    kept = before or {"merged_into": None, "version": 0, "created_at": now, "licence_status": None}
    status = kept["licence_status"] or "active"
    after = {
        **kept,
        **wanted,
        "retailer_id": retailer_id,
        "licence_status": status if wanted["licence_number"] else None,
        "version": kept["version"] + 1,
        "changed_at": now,
    }
    return Outcome(retailer_id, "changed" if before else "created", after)
