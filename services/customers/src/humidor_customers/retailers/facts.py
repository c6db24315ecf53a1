"""What must be known of others before customers are written, and what that forbids."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError
from humidor_customers.fields.rules import Definition, custom_errors
from humidor_customers.fields.service import load_definitions
from humidor_customers.retailers import queries
from humidor_customers.retailers.queries import Document
from humidor_customers.retailers.rules import find_cycle, may_become
from humidor_customers.stores.queries import unknown_stores


class Facts(NamedTuple):
    """What the database says about the customers that are to be written."""

    before: Mapping[str, Document]
    holders: Mapping[str, list[str]]
    owners: Mapping[str, list[str]]
    unknown: set[str]
    zones: set[str]
    parents: Mapping[str, str | None]
    above: Mapping[str, Document]
    definitions: Mapping[str, Definition]


async def load_facts(
    conn: Connection, wanted: Mapping[str, Document], before: Mapping[str, Document]
) -> Facts:
    """Read what `refusals` needs, in a handful of statements for any number of customers."""
    numbers = {each["licence_number"] for each in wanted.values() if each["licence_number"]}
    stores = {store for each in wanted.values() for store in each["store_ids"]}
    named = {each["parent_id"] for each in wanted.values() if each["parent_id"]}
    parents = await queries.read_parents(conn, named) if named else {}
    above = await queries.read(conn, named) if named else {}
    return Facts(
        before,
        _whose(await queries.licence_holders(conn, numbers) if numbers else {}, wanted, _licences(wanted)),
        _whose(await queries.store_owners(conn, stores) if stores else {}, wanted, _stores(wanted)),
        await unknown_stores(conn, stores),
        await _unknown_zones(conn, {each["time_zone"] for each in wanted.values()}),
        parents | {retailer_id: each["parent_id"] for retailer_id, each in wanted.items()},
        above,
        await load_definitions(conn),
    )


def refusals(retailer_id: str, wanted: Document, facts: Facts) -> Iterator[FieldError]:
    """Say all that is wrong with one customer beside the others."""
    before = facts.before.get(retailer_id)
    state = before["state"] if before else None
    if not may_become(state, wanted["state"]):
        yield FieldError("state", f"does not go from {state} to {wanted['state']}")
    if wanted["time_zone"] in facts.zones:
        yield FieldError("time_zone", "is not known to the database")
    yield from _licence_errors(retailer_id, wanted, facts)
    yield from _store_errors(retailer_id, wanted, facts)
    yield from _parent_errors(retailer_id, wanted["parent_id"], facts)
    kept = before["custom"] if before else {}
    for name, message in custom_errors(wanted["custom"], kept, facts.definitions):
        yield FieldError(f"custom.{name}", message)


def _licence_errors(retailer_id: str, wanted: Document, facts: Facts) -> Iterator[FieldError]:
    before, number = facts.before.get(retailer_id), wanted["licence_number"]
    if number is None and before and before["licence_status"] in ("suspended", "revoked"):
        yield FieldError("licence_number", f"is {before['licence_status']}, which would be forgotten")
    if number and wanted["state"] != "closed":
        for other in facts.holders.get(number, ()):
            if other != retailer_id:
                yield FieldError("licence_number", f"belongs to customer {other}")


def _store_errors(retailer_id: str, wanted: Document, facts: Facts) -> Iterator[FieldError]:
    for store in wanted["store_ids"]:
        if store in facts.unknown:
            yield FieldError("store_ids", f"there is no store {store}")
        for owner in facts.owners.get(store, ()):
            if owner != retailer_id:
                yield FieldError("store_ids", f"{store} belongs to customer {owner}")


def _parent_errors(retailer_id: str, parent_id: str | None, facts: Facts) -> Iterator[FieldError]:
    if parent_id is None:
        return
    parent = facts.above.get(parent_id)
    if parent_id not in facts.parents:
        yield FieldError("parent_id", "there is no such customer")
    elif parent and parent["merged_into"]:
        yield FieldError("parent_id", f"was merged into {parent['merged_into']}")
    elif cycle := find_cycle(facts.parents, retailer_id):
        yield FieldError("parent_id", f"makes a circle: {' → '.join(cycle)}")


def _licences(wanted: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    for retailer_id, each in wanted.items():
        if each["licence_number"] and each["state"] != "closed":
            yield each["licence_number"], retailer_id


def _stores(wanted: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    for retailer_id, each in wanted.items():
        for store in each["store_ids"]:
            yield store, retailer_id


def _whose(
    kept: Mapping[str, str], wanted: Mapping[str, Document], given: Iterator[tuple[str, str]]
) -> Mapping[str, list[str]]:
    """Say whose each thing is once all are written: what the batch says outweighs what is kept."""
    found: dict[str, list[str]] = defaultdict(list)
    for thing, owner in kept.items():
        if owner not in wanted:
            found[thing].append(owner)
    for thing, owner in given:
        found[thing].append(owner)
    return found


async def _unknown_zones(conn: Connection, zones: set[str]) -> set[str]:
    """Name the zones that the database does not know: queries ask it for the customer's date."""
    unknown = set()
    for zone in zones - {"UTC", "Asia/Shanghai"}:
        try:
            async with conn.transaction():
                await conn.fetchval("SELECT now() AT TIME ZONE $1", zone)
        except asyncpg.DataError:
            unknown.add(zone)
    return unknown


def keys_of(wanted: Mapping[str, Document]) -> Sequence[str]:
    """Name all that must not change beside these customers, for `queries.lock`."""
    return [
        *wanted,
        *(f"licence {number}" for number, _ in _licences(wanted)),
        *(f"store {store}" for store, _ in _stores(wanted)),
    ]
