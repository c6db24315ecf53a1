"""Let purchases be counted anew when what is known of their products or stores is corrected."""

from humidor_common.db.migrate import run_sql

revision = "0028"
down_revision = "0027"

# Products, numbers of their units and stores of which something else is known than purchases were counted by:
# null as long as batches that count by what was known before may be under way, then how far it has got.
RECOUNTS = """
CREATE TABLE purchase_recounts (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('product', 'store')),
    id text COLLATE "C" NOT NULL,
    after_day date,
    after_store text COLLATE "C",
    CONSTRAINT pk_purchase_recounts PRIMARY KEY (kind, id)
);
"""
# The numbers on lines where one of them is not the product's own, but that of its pack, carton or case.
NUMBERS = """
ALTER TABLE purchase_documents ADD COLUMN numbers text COLLATE "C";
CREATE FUNCTION sticks_of(
    unit text, sticks_per_pack integer, packs_per_carton integer, cartons_per_case integer
) RETURNS bigint LANGUAGE sql IMMUTABLE AS $factor$
    SELECT CASE unit WHEN 'stick' THEN 1 ELSE sticks_per_pack::bigint END
         * CASE WHEN unit IN ('stick', 'pack') THEN 1 ELSE packs_per_carton END
         * CASE WHEN unit IN ('stick', 'pack', 'carton') THEN 1 ELSE cartons_per_case END
$factor$;
"""
# Of what was taken before, a number was another one where its unit alone explains the sticks of the line.
_FACTORS = "sticks_per_pack, packs_per_carton, cartons_per_case"
TAKEN_BEFORE = f"""
WITH odd AS MATERIALIZED (
    SELECT DISTINCT document_id, bought_at FROM purchases l JOIN products USING (gtin)
    WHERE NOT l.provisional AND l.sticks <> l.quantity * sticks_of(l.unit, {_FACTORS})
), found AS (
    SELECT p.document_id, p.bought_at,
           string_agg(coalesce(other.unit_gtin, l.gtin), ' ' ORDER BY l.n) AS numbers
    FROM odd JOIN purchase_documents p USING (document_id, bought_at)
    CROSS JOIN LATERAL purchase_lines(p.figures, p.gtins) WITH ORDINALITY
        AS l(line, gtin, quantity, unit, sticks, net_minor, provisional, n)
    LEFT JOIN LATERAL (
        SELECT u.unit_gtin FROM products g JOIN product_units u USING (gtin)
        WHERE g.gtin = l.gtin AND NOT l.provisional
          AND l.sticks <> l.quantity * sticks_of(l.unit, {_FACTORS})
          AND l.sticks = l.quantity * sticks_of(u.unit, {_FACTORS})
        ORDER BY 1 LIMIT 1
    ) other ON true
    GROUP BY 1, 2 HAVING count(other.unit_gtin) > 0
)
UPDATE purchase_documents d SET numbers = found.numbers FROM found
WHERE d.document_id = found.document_id AND d.bought_at = found.bought_at
"""  # noqa: S608 - made of constants


def upgrade() -> None:
    run_sql(RECOUNTS)
    run_sql(NUMBERS)
    run_sql(TAKEN_BEFORE)
