"""Keep purchases a row a document, with its lines packed within; `purchases` is a view of the lines."""

from humidor_common.db.migrate import run_sql

revision = "0027"
down_revision = "0026"

# `figures` are of lines as `purchases/copying.py` writes them, 30 bytes each: line (4), quantity, sticks and
# net_minor (8 each), which unit (1) and whether its product is still unknown (1). Their numbers of products
# stand apart, a space between each two. A document is provisional as long as its store or a product is
# unknown.
DOCUMENTS = """
CREATE TABLE purchase_documents (
    document_id uuid NOT NULL,
    sale_id uuid,
    bought_at timestamptz NOT NULL,
    local_day date NOT NULL,
    local_hour smallint NOT NULL CHECK (local_hour BETWEEN 0 AND 23),
    provisional boolean NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('sale', 'return', 'order')),
    party_kind text COLLATE "C" CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C",
    store_id text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    figures bytea NOT NULL,
    gtins text COLLATE "C" NOT NULL,
    CONSTRAINT ck_purchase_documents_party CHECK ((party_kind IS NULL) = (party_id IS NULL))
) PARTITION BY RANGE (bought_at);
CREATE TABLE purchase_documents_early PARTITION OF purchase_documents
    FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00+00');
CREATE TABLE purchase_documents_late PARTITION OF purchase_documents
    FOR VALUES FROM ('2024-01-01 00:00+00') TO (MAXVALUE);
SELECT ensure_quarters('purchase_documents', 'bought_at', 2);
"""

# `purchase_line` packs one, `purchase_lines` takes all of a document apart.
LINES = """
CREATE FUNCTION purchase_line(
    line integer, quantity bigint, sticks bigint, net_minor bigint, unit text, provisional boolean
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $pack$
    SELECT int4send(line) || int8send(quantity) || int8send(sticks) || int8send(net_minor)
        || substr('\\x00010203'::bytea, array_position(ARRAY['stick', 'pack', 'carton', 'case'], unit), 1)
        || boolsend(provisional)
$pack$;
CREATE FUNCTION purchase_lines(figures bytea, gtins text)
RETURNS TABLE (line integer, gtin text, quantity bigint, unit text, sticks bigint, net_minor bigint,
               provisional boolean)
LANGUAGE sql IMMUTABLE ROWS 2 AS $unpack$
    SELECT ('x' || encode(substr($1, n::int * 30 - 29, 4), 'hex'))::bit(32)::integer,
           gtin COLLATE "C",
           ('x' || encode(substr($1, n::int * 30 - 25, 8), 'hex'))::bit(64)::bigint,
           (ARRAY['stick', 'pack', 'carton', 'case'])[get_byte($1, n::int * 30 - 2) + 1],
           ('x' || encode(substr($1, n::int * 30 - 17, 8), 'hex'))::bit(64)::bigint,
           ('x' || encode(substr($1, n::int * 30 - 9, 8), 'hex'))::bit(64)::bigint,
           get_byte($1, n::int * 30 - 1) = 1
    FROM unnest(string_to_array($2, ' ')) WITH ORDINALITY AS numbers (gtin, n)
$unpack$;
"""

# Day by day and customers together, as batches leave them. Whoever writes waits.
FILL = """
LOCK TABLE purchases IN SHARE MODE;
DO $fill$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'purchases'::regclass LOOP
        EXECUTE format($sql$
            INSERT INTO purchase_documents
            SELECT document_id, any_value(sale_id), bought_at,
                   (array_agg(local_day ORDER BY provisional))[1] AS day,
                   (array_agg(local_hour ORDER BY provisional))[1], bool_or(provisional),
                   any_value(kind), any_value(party_kind), any_value(party_id) AS whose, any_value(store_id),
                   any_value(currency),
                   string_agg(purchase_line(line, quantity, sticks, net_minor, unit, provisional), ''
                              ORDER BY line),
                   string_agg(replace(gtin, ' ', '_'), ' ' ORDER BY line)
            FROM %s GROUP BY document_id, bought_at ORDER BY day, whose$sql$, part);
    END LOOP;
END $fill$;
-- Lines of one document had days of their own while some of them were provisional.
INSERT INTO purchase_days_changed
SELECT DISTINCT store_id, local_day FROM purchases
WHERE document_id IN (SELECT document_id FROM purchases WHERE provisional);
DROP TABLE purchases;
"""
INDEXES = """
ALTER TABLE purchase_documents ADD CONSTRAINT pk_purchase_documents PRIMARY KEY (document_id, bought_at);
CREATE INDEX ix_purchase_documents_party ON purchase_documents (party_id) WHERE party_id IS NOT NULL;
CREATE INDEX ix_purchase_documents_day_store ON purchase_documents (local_day, store_id);
CREATE INDEX ix_purchase_documents_provisional ON purchase_documents (store_id) WHERE provisional;
ANALYZE purchase_documents;
"""
VIEW = """
CREATE VIEW purchases AS
SELECT d.document_id, d.sale_id, d.bought_at, l.quantity, l.sticks, l.net_minor, l.line, d.local_day,
       d.local_hour, l.provisional, d.kind, d.party_kind, d.party_id, d.store_id, l.gtin, l.unit, d.currency
FROM purchase_documents d CROSS JOIN LATERAL purchase_lines(d.figures, d.gtins) l;
"""


def upgrade() -> None:
    run_sql(DOCUMENTS)
    run_sql(LINES)
    run_sql(FILL)
    run_sql(INDEXES)
    run_sql(VIEW)
