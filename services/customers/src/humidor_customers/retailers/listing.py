"""Finds trade customers by what they are and by the beginning of their licence or name."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from humidor_common.clock import latest_date
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import PRINTABLE, Day, StoreId
from humidor_common.web.problems import invalid
from humidor_customers.conditions import Conditions
from humidor_customers.fields.rules import parse_search
from humidor_customers.fields.service import load_definitions
from humidor_customers.inputs import Code, RetailerId
from humidor_customers.retailers.queries import SELECT, Document
from humidor_customers.retailers.rules import LicenceState, State, search_name
from humidor_customers.retailers.schemas import Format, MarketType

_LAST_CHARACTER = "\U0010ffff"
_EQUAL = (
    "state",
    "business_format",
    "market_type",
    "trade_area",
    "sales_line",
    "compliance_grade",
    "parent_id",
)
# The same as `rules.licence_state`; a test holds them together.
_STATE = """
CASE WHEN r.licence_status IS NULL THEN 'none'
     WHEN r.licence_status = 'revoked' THEN 'revoked'
     WHEN r.licence_valid_until < (?::timestamptz AT TIME ZONE r.time_zone)::date THEN 'expired'
     WHEN r.licence_status = 'suspended' THEN 'suspended'
     WHEN r.licence_valid_from > (?::timestamptz AT TIME ZONE r.time_zone)::date THEN 'not_yet_valid'
     ELSE 'active' END
"""

CustomQuery = Annotated[str, StringConstraints(max_length=260, pattern=r"^[a-z][a-z0-9_]{0,39}=")]


class Filters(BaseModel):
    """What a list of trade customers may be narrowed to; all of it has to hold."""

    model_config = ConfigDict(extra="ignore")

    state: State | None = None
    licence_state: LicenceState | None = None
    licence_valid_until_before: Day | None = None
    licence: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}$")] | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)] | None = None
    business_format: Format | None = None
    market_type: MarketType | None = None
    trade_area: Code | None = None
    sales_line: Code | None = None
    compliance_grade: Code | None = None
    parent_id: RetailerId | None = None
    store_id: StoreId | None = None
    tag: Code | None = None
    custom: CustomQuery | None = None


async def list_retailers(
    conn: Connection, filters: Filters, visible: list[str] | None, *, now: datetime, after: str, limit: int
) -> list[Document]:
    """Read live and closed customers (merged ones are left out) in the order of their ids."""
    statement, arguments = await build(conn, filters, visible, now=now, after=after, limit=limit)
    return [dict(row) for row in await conn.fetch(statement, *arguments)]


async def build(
    conn: Connection, filters: Filters, visible: list[str] | None, *, now: datetime, after: str, limit: int
) -> tuple[str, list[Any]]:
    """Write the statement with just the conditions asked for, so that each finds its index."""
    query = Conditions()
    query.where("r.merged_into IS NULL")
    query.where("r.retailer_id > ?", after)
    for name in _EQUAL:
        if (value := getattr(filters, name)) is not None:
            query.where(f"r.{name} = ?", value)
    if filters.name and (begin := search_name(filters.name)):
        query.where("r.search_name >= ? AND r.search_name < ?", *_range(begin))
    _ask_licence(query, filters, now)
    if filters.tag:
        query.where("r.tags @> ARRAY[?::text]", filters.tag)
    if filters.custom:
        query.where("r.custom @> ?::jsonb", await _custom(conn, filters.custom))
    stores = [filters.store_id] if filters.store_id else visible
    if stores is not None:
        query.where(
            "r.retailer_id = ANY(ARRAY(SELECT retailer_id FROM retailer_stores WHERE store_id = ANY(?)))",
            stores,
        )
    statement = f"{SELECT} WHERE {query.sql} ORDER BY r.retailer_id LIMIT {limit}"
    return statement, query.arguments


def _ask_licence(query: Conditions, filters: Filters, now: datetime) -> None:
    if filters.licence:
        query.where("r.licence_number >= ? AND r.licence_number < ?", *_range(filters.licence))
    if filters.licence_valid_until_before:
        query.where("r.licence_valid_until < ?::date", filters.licence_valid_until_before)
    if filters.licence_state == "expired":
        query.where("r.licence_valid_until < ?::date", latest_date(now))
    if filters.licence_state:
        query.where(f"{_STATE} = ?", now, now, filters.licence_state)


def _range(begin: str) -> tuple[str, str]:
    return begin, begin + _LAST_CHARACTER


async def _custom(conn: Connection, text: str) -> dict[str, Any]:
    field, _, value = text.partition("=")
    definition = (await load_definitions(conn)).get(field)
    if definition is None:
        raise invalid("custom", f"there is no custom field {field}")
    found = parse_search(value, definition)
    if found is None:
        raise invalid("custom", f"is no value of the {definition.kind} {field}")
    return {field: found}


RetailerFilters = Annotated[Filters, Query()]
