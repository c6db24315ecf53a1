"""Counts purchases anew as something of their products or stores becomes known, or is corrected.

What is mended comes to what it would be if all of that had been known before. One worker at a time: two would
mend lines of one document apart.
"""

from datetime import date

from humidor_common.db.pool import Connection
from humidor_customers.purchases.queries import TELL
from humidor_customers.purchases.rules import USUAL

MENDING = 7410004
AT_ONCE, LOOKED_THROUGH = 20_000, 10_000
"""So many documents are mended in one transaction, or looked through, with the rest of the last one's day."""

TO_LOOK_UP = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
"""Switched off, so that documents are found by their keys however many there are."""

_FACTORS = ", ".join(
    f"coalesce(p.{name}, {usual})"
    for name, usual in zip(
        ("sticks_per_pack", "packs_per_carton", "cartons_per_case"),
        (USUAL[0], USUAL[1] // USUAL[0], USUAL[2] // USUAL[1]),
        strict=True,
    )
)
# The lines of a document d as they are counted by what is known now.
_LINES_NOW = f"""
SELECT l.n, l.line, l.quantity, l.net_minor, l.unit, coalesce(p.gtin, l.number) AS gtin, l.number,
       p.gtin IS NULL AS still,
       l.quantity * sticks_of(CASE WHEN p.gtin IS NULL THEN l.unit ELSE coalesce(u.unit, l.unit) END,
                              {_FACTORS}) AS sticks
FROM purchase_lines(d.figures, coalesce(d.numbers, d.gtins)) WITH ORDINALITY
     AS l(line, number, quantity, unit, sticks, net_minor, provisional, n)
LEFT JOIN product_units u ON u.unit_gtin = l.number
LEFT JOIN products p ON p.gtin = coalesce(u.gtin, l.number)
"""  # noqa: S608 - made of constants
_AS_THEY_ARE = "d.local_day, d.local_hour, d.provisional, d.figures, d.gtins, d.numbers"
_AS_KNOWN = "fresh.day, fresh.hour, fresh.provisional, fresh.figures, fresh.gtins, fresh.numbers"


def _mend(which: str, beside: str = "") -> str:
    """Give the steps that count some documents d anew, in the store's own time once that is known."""
    return f"""
before AS MATERIALIZED (
    SELECT d.document_id, d.bought_at, d.store_id, d.local_day, d.party_kind, d.party_id, fresh.*,
           ({_AS_THEY_ARE}) IS DISTINCT FROM ({_AS_KNOWN}) AS differs
    FROM purchase_documents d LEFT JOIN stores s ON s.store_id = d.store_id
    CROSS JOIN LATERAL (
        SELECT coalesce(d.bought_at AT TIME ZONE s.time_zone, d.local_day + make_time(d.local_hour, 0, 0))
    ) clock(moment)
    CROSS JOIN LATERAL (
        SELECT moment::date AS day, extract(hour FROM moment) AS hour,
               s.store_id IS NULL OR bool_or(still) AS provisional,
               string_agg(purchase_line(line, quantity, sticks, net_minor, unit, still), '' ORDER BY n)
                   AS figures,
               string_agg(gtin, ' ' ORDER BY n) AS gtins,
               CASE WHEN bool_or(gtin <> number) THEN string_agg(number, ' ' ORDER BY n) END AS numbers
        FROM ({_LINES_NOW}) lines
    ) fresh
    WHERE {which}
){beside}, mended AS (
    UPDATE purchase_documents m
    SET local_day = b.day, local_hour = b.hour, provisional = b.provisional, figures = b.figures,
        gtins = b.gtins, numbers = b.numbers
    FROM before b WHERE m.document_id = b.document_id AND m.bought_at = b.bought_at AND b.differs
    RETURNING m.store_id, m.local_day, m.party_kind, m.party_id
), changed AS (
    SELECT * FROM mended UNION ALL SELECT store_id, local_day, party_kind, party_id FROM before
) {TELL}
"""  # noqa: S608 - made of constants


_TO_LEARN = f"""d.provisional
      AND (d.store_id IN (SELECT id FROM known WHERE kind = 'store')
           OR string_to_array(d.gtins, ' ') && ARRAY(SELECT id FROM known WHERE kind = 'product'))
      AND ({_AS_THEY_ARE}) IS DISTINCT FROM ({_AS_KNOWN})
    LIMIT {AT_ONCE}"""  # noqa: S608 - made of constants
_LEARNT = f""", learnt AS (
    DELETE FROM purchase_unknowns n USING known
    WHERE (n.kind, n.id) = (known.kind, known.id) AND (SELECT count(*) FROM before) < {AT_ONCE}
)"""  # noqa: S608 - made of constants
_LEARN = f"""
WITH known AS (
    SELECT n.kind, n.id FROM purchase_unknowns n
    WHERE CASE n.kind WHEN 'store' THEN EXISTS (SELECT FROM stores s WHERE s.store_id = n.id)
                      ELSE EXISTS (SELECT FROM products p WHERE p.gtin = n.id)
                        OR EXISTS (SELECT FROM product_units u WHERE u.unit_gtin = n.id) END
    ORDER BY 1, 2 LIMIT 100 FOR UPDATE SKIP LOCKED
), {_mend(_TO_LEARN, _LEARNT)}
"""  # noqa: S608 - made of constants
_BEGIN = """
UPDATE purchase_recounts SET after_day = '-infinity', after_store = '' WHERE after_day IS NULL
"""
# Those that have got furthest, with all that have got as far; one that is corrected again begins anew.
_DUE = """
SELECT kind, id, after_day, after_store FROM purchase_recounts
WHERE (after_day, after_store) = (SELECT after_day, after_store FROM purchase_recounts
    WHERE after_day IS NOT NULL ORDER BY after_day DESC, after_store DESC LIMIT 1)
ORDER BY 1, 2 FOR UPDATE SKIP LOCKED
"""
LAST = """
SELECT local_day, store_id FROM purchase_documents WHERE (local_day, store_id) > ($1, $2)
ORDER BY 1, 2 OFFSET $3 - 1 LIMIT 1
"""
RECOUNT = "WITH " + _mend(
    """(d.local_day, d.store_id) > ($1, $2) AND (d.local_day, d.store_id) <= ($3, $4)
      AND (d.store_id = ANY($5::text[])
           OR EXISTS (SELECT FROM unnest(string_to_array(concat_ws(' ', d.gtins, d.numbers), ' ')) told(id)
                      WHERE told.id = ANY($6::text[])))"""
)
_GO_ON = """
UPDATE purchase_recounts SET after_day = $3, after_store = $4
FROM unnest($1::text[], $2::text[]) due(kind, id)
WHERE (purchase_recounts.kind, purchase_recounts.id) = (due.kind, due.id)
"""
_END = """
DELETE FROM purchase_recounts USING unnest($1::text[], $2::text[]) due(kind, id)
WHERE (purchase_recounts.kind, purchase_recounts.id) = (due.kind, due.id)
"""


async def mend(conn: Connection) -> bool:
    """Mend some purchases, unless another worker does; gives whether there may be more."""
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", MENDING):
        return False
    return await _step(conn)


async def mend_all(conn: Connection) -> None:
    """Mend every purchase in this transaction, during which no batch may be taken."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", MENDING)
    await begin(conn)
    while await _step(conn):
        pass


async def _step(conn: Connection) -> bool:
    await conn.execute("; ".join(f"SET LOCAL {name} = off" for name in TO_LOOK_UP))
    more = await _learn(conn) or await _recount(conn)
    await conn.execute("; ".join(f"SET LOCAL {name} TO DEFAULT" for name in TO_LOOK_UP))
    return more


async def _learn(conn: Connection) -> bool:
    """Give some purchases whose product or store is known by now their sticks and local time.

    Gives whether there were any.
    """
    return bool(await conn.fetchval(_LEARN))


async def corrected(conn: Connection) -> bool:
    """Tell whether anything was corrected that counting anew has not begun with."""
    found: bool = await conn.fetchval("SELECT EXISTS (SELECT FROM purchase_recounts WHERE after_day IS NULL)")
    return found


async def begin(conn: Connection) -> None:
    """Begin to count anew what was corrected, when no batch that counts by what was known before goes on."""
    await conn.execute(_BEGIN)


async def _recount(conn: Connection) -> bool:
    """Look through some documents, by day and store, for what was corrected; gives whether to go on.

    All that were corrected by the time it began are looked for together. The customers of what is found are
    told of also where no figure changes: prices a stick are others.
    """
    due = await conn.fetch(_DUE)
    if not due:
        return False
    kinds, ids = [row["kind"] for row in due], [row["id"] for row in due]
    stores, products = ([row["id"] for row in due if row["kind"] == kind] for kind in ("store", "product"))
    after = due[0]["after_day"], due[0]["after_store"]
    last = await conn.fetchrow(LAST, *after, LOOKED_THROUGH)
    until = tuple(last) if last else (date.max, "")
    await conn.execute(RECOUNT, *after, *until, stores, products)
    if last:
        await conn.execute(_GO_ON, kinds, ids, *until)
    else:
        await conn.execute(_END, kinds, ids)
    return True
