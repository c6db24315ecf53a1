"""Sends customers to another system: what changed of those that are there, and those that are not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_customers.crm.remote import Outgoing, Written
from humidor_customers.crm.rules import Values, Wrong, flat
from humidor_customers.exchange import failures
from humidor_customers.exchange import links as linking
from humidor_customers.exchange.failures import Failure
from humidor_customers.exchange.links import Link
from humidor_customers.exchange.rules import shown, to_send
from humidor_customers.exchange.work import Report, Work
from humidor_customers.retailers.queries import Document


@dataclass
class Parcel:
    """A customer and what of it is to be sent; `outgoing` is None where nothing is."""

    document: Document
    link: Link | None
    values: Values
    outgoing: Outgoing | None = None
    wrong: Sequence[Wrong] = ()

    @property
    def retailer_id(self) -> str:
        found: str = self.document["retailer_id"]
        return found


async def pack(conn: Connection, work: Work, report: Report, documents: Sequence[Document]) -> list[Parcel]:
    """Say what is to be sent of customers; those that concern nobody over there are left out."""
    ids = [each["retailer_id"] for each in documents]
    known = await linking.of_customers(conn, work.connector_id, ids)
    contested = await failures.contested(conn, work.connector_id, ids)
    parcels = []
    for document in documents:
        link = known.get(document["retailer_id"])
        if document["merged_into"] or document["retailer_id"] in contested or (link and link.state == "gone"):
            continue
        ours = flat(document)
        if link is None:
            parcel = _new(work, report, document, ours)
        else:
            parcel = Parcel(document, link, to_send(work.mapping.fields, link.shadow, ours))
        if parcel is not None:
            _translate(work, parcel, ours)
            parcels.append(parcel)
    return parcels


def _new(work: Work, report: Report, document: Document, ours: Values) -> Parcel | None:
    """Pack a customer that is not over there; one that could not be found there again is not made."""
    if work.mapping.create not in ("both", "there") or document["state"] == "closed":
        return None
    if not any(ours.get(name) for name in work.mapping.match):
        report.count(without_key=1)
        return None
    return Parcel(document, None, {n: v for n, v in work.translator.told(ours).items() if v is not None})


def _translate(work: Work, parcel: Parcel, ours: Values) -> None:
    if not parcel.values:
        return
    fields, wrong = work.translator.to_theirs(parcel.values)
    parcel.wrong = wrong
    match: dict[str, Any] = {}
    if parcel.link is None:
        key = next(name for name in work.mapping.match if ours.get(name))
        match, _ = work.translator.to_theirs({key: ours[key]})
    parcel.outgoing = (
        None if wrong else Outgoing(parcel.link.remote_id if parcel.link else None, fields, match)
    )


async def settle(
    conn: Connection,
    work: Work,
    report: Report,
    parcels: Sequence[Parcel],
    written: Mapping[str, Written],
    *,
    now: datetime,
) -> None:
    """Keep what came of sending: links and what the records now hold, or failures."""
    strangers = await linking.of_records(
        conn, work.connector_id, [each.remote_id for each in written.values() if each.remote_id]
    )
    rows, failed = [], []
    for parcel in parcels:
        result = written.get(parcel.retailer_id)
        if problem := _problem(parcel, result, strangers):
            failed.append(problem)
        elif link := _linked(parcel, result):
            rows.append(link)
    await linking.write(conn, work.connector_id, rows, now=now)
    await linking.settle_owed(conn, work.connector_id, [each.retailer_id for each in parcels])
    await failures.write(conn, work.connector_id, report.run_id, failed, now=now)
    good = {each.retailer_id for each in parcels} - {each.subject for each in failed}
    await failures.solve(conn, work.connector_id, "out", good)
    report.count(sent=sum(1 for each in written.values() if each.code is None), refused=len(failed))


def _problem(parcel: Parcel, result: Written | None, strangers: Mapping[str, Link]) -> Failure | None:
    remote_id = parcel.link.remote_id if parcel.link else None
    if parcel.wrong:
        return Failure("out", parcel.retailer_id, "unmapped", parcel.wrong, remote_id, parcel.retailer_id)
    if result is None:
        return None
    if result.code is not None:
        errors = [Wrong(result.field, result.message)]
        return Failure("out", parcel.retailer_id, result.code, errors, remote_id, parcel.retailer_id)
    other = strangers.get(result.remote_id or "")
    if other and other.retailer_id != parcel.retailer_id:
        errors = [Wrong("", f"the record over there is that of customer {other.retailer_id}")]
        return Failure(
            "out", parcel.retailer_id, "linked-elsewhere", errors, result.remote_id, parcel.retailer_id
        )
    return None


def _linked(parcel: Parcel, result: Written | None) -> Link | None:
    version = parcel.document["version"]
    if result is not None and result.remote_id:
        shadow = (parcel.link.shadow if parcel.link else {}) | parcel.values
        return Link(result.remote_id, parcel.retailer_id, "live", shadow, version, False, result.modified_at)
    return None if parcel.link is None else parcel.link._replace(sent_version=version, owed=False)


def planned(parcel: Parcel) -> dict[str, Any]:
    """Report what a dry run would send."""
    shadow = parcel.link.shadow if parcel.link else {}
    fields: dict[str, Any] = {
        name: {"from": shown(name, shadow.get(name)), "to": shown(name, value)}
        for name, value in parcel.values.items()
    }
    if parcel.wrong:
        fields["errors"] = [each._asdict() for each in parcel.wrong]
    return {
        "direction": "out",
        "outcome": "unmapped" if parcel.wrong else "would_change" if parcel.link else "would_create",
        "remote_id": parcel.link.remote_id if parcel.link else None,
        "retailer_id": parcel.retailer_id,
        "fields": fields,
    }
