"""What customers requested, ordered and got in cycles: kept as facts, and read as one matrix.

Orders say it of our own cycles; those of another system come by import. A merged customer's requests count
for the one that goes on for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

import numpy as np

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.sharing_arrays import Sticks

# A row of PostgreSQL's binary COPY: the number of fields, and before each field its length.
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("length_of_customer", ">i4"),
        ("customer", ">i4"),
        ("length_of_product", ">i4"),
        ("product", ">i4"),
        ("length_of_sticks", ">i4"),
        ("sticks", ">i8"),
    ]
)
_HEADER_BYTES = 19
# What was cancelled, never confirmed or never paid is no demand.
_ALL = """(
    SELECT cycle_id, retailer_id, gtin, requested_sticks, ordered_sticks, supplied_sticks
    FROM cycle_requests
    UNION ALL
    SELECT o.cycle_id, o.retailer_id, l.gtin, l.requested_sticks, l.ordered_sticks,
           coalesce(l.delivered_sticks, l.reserved_sticks, 0)
    FROM orders o JOIN order_lines l USING (order_id)
    WHERE o.state NOT IN ('draft', 'cancelled', 'lapsed')
) q"""
_COPY = f"""
SELECT c.place - 1, p.place - 1, q.FACT
FROM {_ALL}
JOIN unnest($2::text[], $3::int[]) AS c(retailer_id, place) USING (retailer_id)
JOIN unnest($4::text[], $5::int[]) AS p(gtin, place) USING (gtin)
WHERE q.cycle_id = ANY($1::uuid[])
"""  # noqa: S608 - names of ours
Fact: TypeAlias = Literal["requested_sticks", "ordered_sticks", "supplied_sticks"]
_WRITE = """
INSERT INTO cycle_requests
    (cycle_id, retailer_id, gtin, requested_sticks, ordered_sticks, supplied_sticks, recorded_at)
SELECT *, $7 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
ORDER BY 1, 2, 3
ON CONFLICT (cycle_id, retailer_id, gtin) DO UPDATE
SET requested_sticks = excluded.requested_sticks, ordered_sticks = excluded.ordered_sticks,
    supplied_sticks = excluded.supplied_sticks, recorded_at = excluded.recorded_at
"""


class Requested(NamedTuple):
    """What a customer wanted of a product in a cycle, what its order came to, and what it got, in sticks."""

    cycle_id: UUID
    retailer_id: str
    gtin: str
    requested_sticks: int
    ordered_sticks: int
    supplied_sticks: int


async def record_requests(conn: Connection, requests: Sequence[Requested], *, now: datetime) -> None:
    """Keep requests of cycles; what was known of the same customer, product and cycle is replaced."""
    if requests:
        await conn.execute(_WRITE, *columns_of(requests), now)


async def requested_products(conn: Connection, cycle_ids: Sequence[UUID]) -> list[str]:
    rows = await conn.fetch(
        f"SELECT DISTINCT gtin FROM {_ALL} WHERE cycle_id = ANY($1::uuid[]) ORDER BY 1",  # noqa: S608
        cycle_ids,
    )
    return [row[0] for row in rows]


async def read_requests(
    conn: Connection,
    cycle_ids: Sequence[UUID],
    customers: Mapping[str, int],
    products: Sequence[str],
    *,
    fact: Fact = "requested_sticks",
) -> Sticks:
    """Add up a fact of cycles: a row for each place among the customers, a column for each product.

    They come as PostgreSQL's binary COPY: three million rows take a fraction of what as many records would.

    Args:
        conn: The connection.
        cycle_ids: The cycles.
        customers: The place of each customer; several may have one place.
        products: In the order of the columns.
        fact: What was requested, what the orders came to, or what was supplied.
    """
    places = max(customers.values(), default=-1) + 1
    found = np.zeros((places, len(products)), dtype=np.int64)
    collected = _Rows(found)
    await conn.copy_from_query(
        _COPY.replace("FACT", fact),
        list(cycle_ids),
        list(customers),
        [place + 1 for place in customers.values()],
        list(products),
        list(range(1, len(products) + 1)),
        output=collected.take,
        format="binary",
    )
    return found


class _Rows:
    """Adds rows of a COPY into a matrix as they come; a piece may end in the middle of one."""

    def __init__(self, matrix: Sticks) -> None:
        self._matrix = matrix
        self._rest = b""
        self._begun = False

    async def take(self, data: bytes) -> None:
        data = self._rest + data
        if not self._begun:
            if len(data) < _HEADER_BYTES:
                self._rest = data
                return
            data, self._begun = data[_HEADER_BYTES:], True
        whole = len(data) // _ROW.itemsize
        rows: Any = np.frombuffer(data, dtype=_ROW, count=whole)
        self._rest = data[whole * _ROW.itemsize :]
        np.add.at(self._matrix, (rows["customer"], rows["product"]), rows["sticks"])
