"""The statements that keep the sums of the market: packed by product, a row for each period of a holder."""

HOLDERS, PERIODS = ("stores", "places", "all"), ("day", "month", "quarter")
TABLES = tuple(f"market_{period}s_of_{holder}" for period in PERIODS for holder in HOLDERS)

MOST_STICKS, MOST_MINOR = 10**9, 10**13
"""What one line can be at most; more is a mistake, which is counted and left out."""

_FIGURES = ("sticks", "net_minor", "sales", "left_out")
_COLUMNS = ", ".join(_FIGURES)
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in _FIGURES)
_NEGATED = ", ".join(f"-x.{name} AS {name}" for name in _FIGURES)
_SOME = f"({_COLUMNS}) <> (0, 0, 0, 0)"
_ALL = ", ".join(f"all_{name}" for name in _FIGURES)
_ELEMENTS = "market_unpack(t.products, t.sticks, t.net_minor, t.sales, t.left_out) x"
_KEYS = "holder, currency, wholesale"


def _packed(name: str, kind: str) -> str:
    every = f"string_agg({kind}send({name}::{kind}), ''::bytea ORDER BY product_id)"
    return f"coalesce({every} FILTER (WHERE {_SOME}), ''::bytea)"


def merge(period: str, holder: str, source: str) -> str:
    """Add what a source has (day, `holder`, wholesale, currency, product_id and figures) to a table of sums.

    Former sums are looked up by key, one by one, because the planner cannot know how few they are.
    """
    table = f"market_{period}s_of_{holder}"
    return f"""
    INSERT INTO {table} ({_ALL}, {period}, {_KEYS}, products, {_COLUMNS})
    SELECT {", ".join(f"sum({name})" for name in _FIGURES)}, {period}, {_KEYS},
           {_packed("product_id", "int4")}, {_packed("sticks", "int8")}, {_packed("net_minor", "int8")},
           {_packed("sales", "int4")},
           CASE WHEN sum(left_out) > 0 THEN {_packed("left_out", "int4")} END
    FROM (
        SELECT {period}, {_KEYS}, product_id, {_SUMS} FROM (
            SELECT date_trunc('{period}', day)::date AS {period}, {_KEYS}, product_id, {_COLUMNS}
            FROM {source}
            UNION ALL
            SELECT t.{period}, t.holder, t.currency, t.wholesale, x.product_id, x.sticks, x.net_minor,
                   x.sales, x.left_out
            FROM (SELECT DISTINCT date_trunc('{period}', day)::date AS {period}, {_KEYS} FROM {source}) k
            CROSS JOIN LATERAL (
                SELECT * FROM {table} t WHERE t.{period} = k.{period} AND t.holder = k.holder
                   AND t.currency = k.currency AND t.wholesale = k.wholesale OFFSET 0) t, {_ELEMENTS}
        ) both_sides GROUP BY {period}, {_KEYS}, product_id
    ) sums GROUP BY {period}, {_KEYS} ORDER BY {period}, {_KEYS}
    ON CONFLICT ({period}, {_KEYS}) DO UPDATE
    SET ({_ALL}, products, {_COLUMNS}) = (
        {", ".join(f"excluded.{name}" for name in (*_ALL.split(", "), "products", *_FIGURES))})
"""  # noqa: S608 - made of constants


_MERGES = ", ".join(
    f"{period}s_of_{holder} AS ({merge(period, holder, f'delta_of_{holder}')})"
    for holder in HOLDERS
    for period in PERIODS
)

# What the days come to now less what their sums say; every table gets the difference.
FOLD = f"""
WITH told AS MATERIALIZED (
    SELECT d.store_id, d.day, s.store_no, s.place_id
    FROM unnest($1::text[], $2::date[]) AS d(store_id, day) JOIN market_store_places s USING (store_id)
), fresh AS MATERIALIZED (
    SELECT t.day, p.kind = 'order' AS wholesale, t.store_no, t.place_id, p.gtin, p.currency,
           coalesce(sum(p.sticks) FILTER (WHERE plausible), 0)::bigint AS sticks,
           coalesce(sum(p.net_minor) FILTER (WHERE plausible), 0)::bigint AS net_minor,
           count(DISTINCT p.document_id) FILTER (WHERE plausible AND p.kind <> 'return') AS sales,
           count(*) FILTER (WHERE NOT plausible) AS left_out
    FROM told t
    JOIN purchases p ON p.store_id = t.store_id AND p.local_day = t.day AND p.bought_at BETWEEN $3 AND $4
    CROSS JOIN LATERAL (SELECT abs(p.sticks) <= {MOST_STICKS} AND abs(p.net_minor) <= {MOST_MINOR})
    f(plausible) GROUP BY 1, 2, 3, 4, 5, 6
), opened AS (
    INSERT INTO market_products (gtin)
    SELECT DISTINCT gtin FROM fresh f
    WHERE NOT EXISTS (SELECT FROM market_products m WHERE m.gtin = f.gtin) ORDER BY 1
    RETURNING product_id, gtin
), delta AS MATERIALIZED (
    SELECT day, wholesale, store_no, place_id, product_id, currency, {_SUMS}
    FROM (SELECT day, wholesale, store_no, place_id, product_id, currency, {_COLUMNS}
          FROM fresh JOIN (SELECT product_id, gtin FROM market_products UNION ALL TABLE opened) m USING (gtin)
          UNION ALL
          SELECT d.day, t.wholesale, d.store_no, d.place_id, x.product_id, t.currency, {_NEGATED}
          FROM told d CROSS JOIN LATERAL (
              SELECT * FROM market_days_of_stores t WHERE t.day = d.day AND t.holder = d.store_no OFFSET 0
          ) t, {_ELEMENTS}) both_sides
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING ({", ".join(f"sum({name})" for name in _FIGURES)}) <> (0, 0, 0, 0)
), delta_of_stores AS (SELECT *, store_no AS holder FROM delta
), delta_of_places AS (SELECT *, place_id AS holder FROM delta
), delta_of_all AS (SELECT *, 0 AS holder FROM delta
), {_MERGES}
SELECT count(*) FROM delta
"""  # noqa: S608 - made of constants

# Day by day, because the sums of days lie by day; $1 is the store and $2 its place from now on.
MOVE = f"""
WITH former AS MATERIALIZED (SELECT store_no, place_id FROM market_store_places WHERE store_id = $1),
later AS (UPDATE market_store_places SET place_id = $2 WHERE store_id = $1),
sums AS MATERIALIZED (
    SELECT t.* FROM (SELECT min(day) AS a, max(day) AS b FROM market_days_of_all) r, former f,
         generate_series(r.a, r.b, interval '1 day') g
    JOIN LATERAL (SELECT * FROM market_days_of_stores t
                  WHERE t.day = g::date AND t.holder = f.store_no OFFSET 0) t ON true
), delta_of_places AS MATERIALIZED (
    SELECT t.day, $2::int AS holder, t.wholesale, t.currency, x.product_id, x.sticks, x.net_minor, x.sales,
           x.left_out FROM sums t, {_ELEMENTS}
    UNION ALL
    SELECT t.day, f.place_id, t.wholesale, t.currency, x.product_id, {_NEGATED}
    FROM sums t, {_ELEMENTS}, former f
), {", ".join(f"{period}s AS ({merge(period, 'places', 'delta_of_places')})" for period in PERIODS)}
SELECT count(*) FROM sums
"""  # noqa: S608 - made of constants
