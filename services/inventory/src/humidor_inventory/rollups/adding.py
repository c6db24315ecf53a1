"""The statement that adds days to every rollup, and the counts that are no sums."""

from humidor_inventory.rollups.sums import NET, ROLLED, SUMS

ROLLUPS = (
    *("monthly_flows", "segment_flows", "store_days", "store_months", "product_days", "product_months"),
)
SEGMENT = ("store_id", "month", "brand", "price_class", "supplier_id", "currency")
SKUS = {
    "carried_skus": "({0}.carried_days > 0 OR {0}.sold_sticks > 0)::int",
    "sold_skus": "({0}.sold_sticks > 0)::int",
}
"""For each product of a store and month, whether it counts as carried and as sold; of `monthly_flows`."""

_PAIR = "store_id, gtin, month"
_LABELS = "brand, price_class, supplier_id, currency"
_BITS = ("out_bits", "carried_bits")
_OF_DAY = {"stick_days": NET, "value_days_e4": "value_e4"}
_LEFT = "((month + interval '1 month')::date - day)"


def _sums(**others: str) -> str:
    return ", ".join(f"sum({others.get(name, name)})::bigint AS {name}" for name in ROLLED)


def _added(*names: str) -> str:
    return ", ".join(f"{name} = t.{name} + excluded.{name}" for name in names)


def _bits(days: str) -> str:
    """Set a bit for each day of the month, the lowest for the first, so that a day can be told later on."""
    return f"coalesce(bit_or(1 << extract(day FROM day)::int - 1) FILTER (WHERE {days} > 0), 0)"


_MONTHS = f"""
SELECT {_PAIR}, {_LABELS}, {_sums(stick_days=f"{NET} * {_LEFT}", value_days_e4=f"value_e4 * {_LEFT}")},
       min(day) AS first_day, max(day) FILTER (WHERE sold_sticks > 0) AS last_sold_day,
       {_bits("out_days")} AS out_bits, {_bits("carried_days")} AS carried_bits
FROM dated GROUP BY {_PAIR}, {_LABELS}
"""  # noqa: S608 - made of our own names
_COLUMNS = ", ".join((_PAIR, *ROLLED, "first_day", "last_sold_day", *_BITS))
_ADD_MONTHS = f"""
INSERT INTO monthly_flows AS t ({_COLUMNS}) SELECT {_COLUMNS} FROM months
ON CONFLICT ({_PAIR}) DO UPDATE SET {_added(*ROLLED)},
    first_day = least(t.first_day, excluded.first_day),
    last_sold_day = greatest(t.last_sold_day, excluded.last_sold_day),
    out_bits = t.out_bits | excluded.out_bits, carried_bits = t.carried_bits | excluded.carried_bits
"""  # noqa: S608 - made of our own names
# A product counts once however many days are added: by how the month stands after less how it stood before.
_KEYS = ", ".join(SEGMENT)
_ADD_SEGMENTS = f"""
INSERT INTO segment_flows AS t ({_KEYS}, {", ".join((*ROLLED, *SKUS))})
SELECT {_KEYS}, {", ".join(f"sum(n.{name})::bigint" for name in ROLLED)},
       {", ".join(f"sum({one.format('a')} - coalesce({one.format('o')}, 0))" for one in SKUS.values())}
FROM months n LEFT JOIN monthly_flows o USING ({_PAIR})
CROSS JOIN LATERAL (SELECT n.carried_days + coalesce(o.carried_days, 0) AS carried_days,
                           n.sold_sticks + coalesce(o.sold_sticks, 0) AS sold_sticks) a
GROUP BY {_KEYS}
ON CONFLICT ({_KEYS}) DO UPDATE SET {_added(*ROLLED, *SKUS)}
"""  # noqa: S608 - made of our own names


def _add(table: str, keys: str, source: str, **figures: str) -> str:
    return (
        f"INSERT INTO {table} AS t ({keys}, {', '.join(ROLLED)})"  # noqa: S608 - our own names
        f" SELECT {keys}, {_sums(**figures)} FROM {source} GROUP BY {keys}"
        f" ON CONFLICT ({keys}) DO UPDATE SET {_added(*ROLLED)}"
    )


def add_to_rollups(rows: str, *, before: str = "", segments: bool = True) -> str:
    """Write the statement that adds rows of (store_id, gtin, day, *SUMS) to the rollups, and counts them.

    Their products are in `rolled_products`; `before` is for expressions that `rows` reads. The tables are
    locked against nobody: only one session at a time rolls up.
    """
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    return f"""
WITH {before} measured AS MATERIALIZED (
    SELECT store_id, gtin, day, {sums} FROM ({rows}) r GROUP BY store_id, gtin, day
), dated AS MATERIALIZED (
    SELECT m.*, date_trunc('month', m.day)::date AS month, {_LABELS}
    FROM measured m JOIN rolled_products p USING (gtin)
), months AS MATERIALIZED ({_MONTHS}),
monthly AS ({_ADD_MONTHS}),
{f"segments AS ({_ADD_SEGMENTS})," if segments else ""}
stores AS ({_add("store_days", "store_id, day, currency", "dated", **_OF_DAY)}),
store_months AS ({_add("store_months", "store_id, month, currency", "months")}),
products AS ({_add("product_days", "gtin, day", "dated", **_OF_DAY)}),
product_months AS ({_add("product_months", "gtin, month", "months")})
SELECT count(*) FROM measured
"""  # noqa: S608 - made of our own names
