"""Hands out and erases what is kept of a contact person of a trade customer, wherever it stands."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.persons import ErasedPart
from humidor_common.web.problems import Problem
from humidor_customers.contact_persons import queries
from humidor_customers.contact_persons.places import PLACES, STAYS
from humidor_customers.contact_persons.rules import Words, is_address, redacted, without, words_of
from humidor_customers.contact_persons.schemas import ContactPerson
from humidor_customers.exchange.links import erase_from_shadows, shadows_of
from humidor_customers.exports import queries as files
from humidor_customers.purchases import queries as purchases
from humidor_customers.retailers import queries as retailers
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.service import save


async def erase(
    conn: Connection, principal: Principal, person: ContactPerson, *, reason: str, now: datetime
) -> list[ErasedPart]:
    """Erase a person at a trade customer and what was merged into it; gives what was erased where.

    The customer changes by it (event, version, trail), so that connected systems are told. `reason` names the
    request and nobody.

    Raises:
        Problem: 409 `changed-meanwhile`.
    """
    ids = await _records_of(conn, person.retailer_id)
    await retailers.lock(conn, ids)
    if await _records_of(conn, person.retailer_id) != ids:
        raise Problem(409, "changed-meanwhile", "Records of the customer were just merged; try again.")
    # Files whose rows are being read are waited for, or begun after this.
    await purchases.own(conn)
    documents = await retailers.read(conn, ids)
    words = _words(person, documents)
    erased = Counter(dict.fromkeys(STAYS, 0))
    changed = [after for each in documents.values() if (after := _without(each, words, now)) != each]
    erased["contacts"] = sum(
        len(documents[e["retailer_id"]]["contacts"]) - len(e["contacts"]) for e in changed
    )
    erased["records"] = sum(documents[each["retailer_id"]]["custom"] != each["custom"] for each in changed)
    await save(conn, principal, changed, documents, action="erase_contact", reason=reason)
    erased["messages"] += await queries.forget_messages(conn, await _messages(conn, ids, words))
    erased["channel_names"] = await queries.forget_handles(conn, ids, words)
    for place in PLACES:
        found = await queries.find(conn, place, ids, words)
        await queries.write(conn, place, found)
        erased[place.holding] += len(found)
    erased["connectors"] += await erase_from_shadows(conn, ids, lambda value: redacted(value, words) != value)
    erased["connectors"] += await queries.redact_hooks(conn, ids, words)
    erased["kept_answers"] = await queries.forget_answers(conn, ids, words)
    erased["files"] = await files.erase(conn, now=now)
    erased["requests"] = await queries.forget_documents(conn, ids, words)
    return [ErasedPart(holding=name, rows=rows, stays=STAYS[name]) for name, rows in erased.items()]


async def disclose(conn: Connection, person: ContactPerson) -> dict[str, Any]:
    """Give what is kept of a person at a trade customer: its contacts, and every text that names it."""
    ids = await _records_of(conn, person.retailer_id)
    documents = await retailers.read(conn, ids)
    words = _words(person, documents)
    found: dict[str, Any] = {name: [] for name in STAYS}
    found["contacts"] = list(words.contacts)
    found["records"] = [
        {name: value}
        for each in documents.values()
        for name, value in each["custom"].items()
        if redacted(value, words) != value
    ]
    found["messages"] += await queries.read_messages(conn, await _messages(conn, ids, words))
    found["channel_names"] = await queries.read_handles(conn, ids, words)
    for place in PLACES:
        found[place.holding] += [each.before for each in await queries.find(conn, place, ids, words)]
    shadows = await shadows_of(conn, ids)
    found["connectors"] += [each for each in shadows if redacted(each, words) != each]
    return found


async def _records_of(conn: Connection, retailer_id: str) -> list[str]:
    """Name the record, what it was merged into, and all that was merged into that."""
    roots = await retailers.roots_of(conn, [retailer_id])
    return next(iter(roots.values()), [retailer_id])


def _words(person: ContactPerson, documents: dict[str, Document]) -> Words:
    contacts = [contact for each in documents.values() for contact in each["contacts"]]
    return words_of(person.model_dump(), contacts)


def _without(document: Document, words: Words, now: datetime) -> Document:
    changes = {
        "contacts": without(document["contacts"], words),
        "custom": redacted(document["custom"], words),
    }
    if all(document[name] == value for name, value in changes.items()):
        return document
    return document | changes | {"version": document["version"] + 1, "changed_at": now}


async def _messages(conn: Connection, ids: Sequence[str], words: Words) -> list[Any]:
    """Name the messages that came from an address of the person, also those that are nobody's yet."""
    rows = await queries.addresses_of(conn, ids, words)
    return [row["interaction_id"] for row in rows if is_address(row["address"], words)]
