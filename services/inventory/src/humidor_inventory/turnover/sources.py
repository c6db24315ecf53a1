"""The rows that reports are made of: sums of closed days out of the rollups, and flows out of the days."""

from typing import NamedTuple

from humidor_inventory.rollups.sums import FLOWS, MONEY, NET, ROLLED, measured
from humidor_inventory.turnover.rules.periods import ORDER, Source, Span

KEYS = {"store": "store_id", "brand": "brand", "price_class": "price_class", "supplier": "supplier_id"} | {
    "product": "gtin"
}


class Query(NamedTuple):
    """What is asked; `stores` and `gtins` None are all of them. `after` are keys and currency."""

    source: Source
    by: tuple[str, ...]
    span: Span
    stores: list[str] | None
    gtins: list[str] | None
    filters: dict[str, str]
    after: tuple[str, ...] | None
    limit: int

    @property
    def months_and_days(self) -> bool:
        """Whether whole months serve as well as their days."""
        return self.source in _MONTHS_OF and not self.span.by_day

    @property
    def keys(self) -> list[str]:
        return [KEYS[each] for each in ORDER if each in self.by] + ["currency"]


_MONTH_END = "(t.month + interval '1 month')::date - 1"


def mine(query: Query, column: str) -> str:
    """Restrict to the stores that are asked for; written so that an index can serve them."""
    return "$1::text[] IS NULL" if query.stores is None else f"{column} = ANY($1::text[])"


def rolled(query: Query) -> str:
    """Give rows of keys, start, finish and figures from the rollup; whole months instead of their days."""
    if not query.months_and_days:
        return _from(query, query.source, "true")
    months, days = _from(query, _MONTHS_OF[query.source], _IN_MONTHS), _from(query, query.source, _BY_DAY)
    return f"{months} UNION ALL {days}"


_MONTHS_OF: dict[Source, str] = {"product_days": "product_months", "store_days": "store_months"}
# Days are read of the month that begins before $2, and of the one that goes on after $3.
_FIRST_MONTH = "(date_trunc('month', $2::date - 1) + interval '1 month')::date"
_LAST_MONTH = "date_trunc('month', $3::date + 1)::date"
_IN_MONTHS = f"t.month >= {_FIRST_MONTH} AND t.month <> {_LAST_MONTH}"
_BY_DAY = f"""(t.day < {_FIRST_MONTH}
     OR t.day >= {_LAST_MONTH} AND t.day < ({_LAST_MONTH} + interval '1 month')::date)"""


def _from(query: Query, source: str, when: str) -> str:
    figures = ", ".join(ROLLED)
    no_labels = "'' AS brand, '' AS price_class, '' AS supplier_id"
    own_labels = "t.brand, t.price_class, t.supplier_id, t.currency"
    ours = mine(query, "t.store_id")
    chosen = "true" if query.gtins is None else "t.gtin = ANY($5::text[])"
    labels = "brand, price_class, supplier_id, c.currency"
    by_day, by_month = "t.day AS start, t.day AS finish", f"t.month AS start, {_MONTH_END} AS finish"
    product, store = f"'' AS store_id, t.gtin, {labels}", f"t.store_id, '' AS gtin, {no_labels}, t.currency"
    keys, table, where = {
        "product_days": (f"{product}, {by_day}", f"product_days t {_CATALOGUED}", f"{chosen} AND t.day"),
        "product_months": (
            f"{product}, {by_month}",
            f"product_months t {_CATALOGUED}",
            f"{chosen} AND t.month",
        ),
        "store_days": (f"{store}, {by_day}", "store_days t", f"{ours} AND t.day"),
        "store_months": (f"{store}, {by_month}", "store_months t", f"{ours} AND t.month"),
        "segment_flows": (
            f"t.store_id, '' AS gtin, {own_labels}, {by_month}",
            "segment_flows t",
            f"{ours} AND t.month",
        ),
        "monthly_flows": (
            f"t.store_id, t.gtin, {labels}, {by_month}",
            f"monthly_flows t {_CATALOGUED}",
            f"{ours} AND {chosen} AND t.month",
        ),
    }[source]
    return f"SELECT {keys}, {figures} FROM {table} WHERE {when} AND {where} >= $2"  # noqa: S608 - our own names


_CATALOGUED = "JOIN catalogue c USING (gtin)"


_FLOW = ("quarantined_sticks", *FLOWS, *MONEY)
_NO_FLOW = ", ".join("0" if name != "adjusted_sticks" else "held" for name in _FLOW)


def open_flows(query: Query) -> str:
    """Sum the flows that no rollup holds, unless the report tells stores apart."""
    columns = ", ".join(("store_id", "gtin", "day", *_FLOW, "through"))
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in _FLOW)
    summed = f"SELECT ''::text AS store_id, gtin, day, through, {sums}", "GROUP BY gtin, day, through"
    what, group = ("SELECT *", "") if "store" in query.by else summed
    return f"""
{what} FROM (
    SELECT {columns} FROM (
        SELECT f.*, coalesce(s.through, 'infinity'::date) AS through
        FROM (SELECT store_id, through FROM stores s LEFT JOIN closed_days USING (store_id)
              WHERE {mine(query, "s.store_id")}) s
        CROSS JOIN LATERAL (SELECT * FROM daily_flows d WHERE d.store_id = s.store_id
                            AND d.day >= coalesce(s.through + 1, '-infinity'::date) OFFSET 0) f) o
    UNION ALL SELECT {columns} FROM flow_corrections g JOIN closed_days c USING (store_id)
    WHERE {mine(query, "g.store_id")}) f
{group}"""  # noqa: S608 - made of our own names


def all_flows(query: Query) -> str:
    """Give the flows since $2, and what was held before as if it had come the day before."""
    columns = ", ".join(_FLOW)
    return f"""
WITH since AS MATERIALIZED (
    SELECT d.store_id, d.gtin, d.day, coalesce(c.through, 'infinity'::date) AS through, {columns}
    FROM daily_flows d JOIN catalogue USING (gtin) LEFT JOIN closed_days c USING (store_id)
    WHERE {mine(query, "d.store_id")} AND d.day >= $2
)
SELECT * FROM since UNION ALL
SELECT store_id, gtin, $2::date - 1, coalesce(through, 'infinity'::date), {_NO_FLOW}
FROM (SELECT store_id, gtin, sum(held)::bigint AS held
      FROM (SELECT store_id, gtin, on_hand_sticks + quarantined_sticks AS held FROM stock
            JOIN catalogue USING (gtin) WHERE {mine(query, "stock.store_id")}
            UNION ALL SELECT store_id, gtin, -{NET} FROM since) n GROUP BY 1, 2) before
LEFT JOIN closed_days USING (store_id) WHERE held <> 0"""  # noqa: S608 - made of our own names


def added() -> str:
    """Give the same rows as `_rolled`, of the flows."""
    own = {"value_days_e4": "m.value_e4", "stick_days": NET}
    figures = ", ".join(f"{own.get(name, f'm.{name}')} AS {name}" for name in ROLLED)
    flows = measured("flows", "costs", through="f.through")
    return f"""
SELECT m.store_id, m.gtin, brand, price_class, supplier_id, currency, m.day AS start, m.day AS finish,
       {figures}
FROM ({flows}) m JOIN catalogue c USING (gtin) WHERE m.day >= $2"""  # noqa: S608 - made of our own names
