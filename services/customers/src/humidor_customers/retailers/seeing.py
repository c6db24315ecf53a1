"""Who may see which trade customer."""

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_customers.retailers import service
from humidor_customers.retailers.queries import Document


async def seen(conn: Connection, principal: Principal, retailer_id: str) -> Document:
    """Read a customer that the caller may see: one of every store, or one that owns a store of theirs.

    Raises:
        Problem: 404, also for what belongs to others.
    """
    found = await service.get_retailer(conn, retailer_id)
    check_seen(principal, found)
    return found


def check_seen(principal: Principal, found: Document) -> None:
    if principal.stores is not None and not principal.stores & set(found["store_ids"]):
        raise not_found("customer", found["retailer_id"])
