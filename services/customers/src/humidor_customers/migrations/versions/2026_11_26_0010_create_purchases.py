"""Create what customers bought, line by line; the catalogue learns makers and numbers of units."""

from humidor_common.db.migrate import run_sql

revision = "0010"
down_revision = "0009"

CATALOGUE = """
ALTER TABLE products ADD COLUMN manufacturer text;
CREATE TABLE product_units (
    unit_gtin text COLLATE "C" CONSTRAINT pk_product_units PRIMARY KEY,
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_product_units_product REFERENCES products,
    unit text NOT NULL
);
CREATE INDEX ix_product_units_gtin ON product_units (gtin);
"""

# A quarter a partition, with one each for what lies before and after those that are made.
PURCHASES = """
CREATE TABLE purchases (
    document_id uuid NOT NULL,
    sale_id uuid,
    bought_at timestamptz NOT NULL,
    quantity bigint NOT NULL,
    sticks bigint NOT NULL,
    net_minor bigint NOT NULL,
    line integer NOT NULL,
    local_day date NOT NULL,
    local_hour smallint NOT NULL CHECK (local_hour BETWEEN 0 AND 23),
    provisional boolean NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('sale', 'return', 'order')),
    party_kind text COLLATE "C" CHECK (party_kind IN ('retailer', 'consumer')),
    party_id text COLLATE "C",
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    CONSTRAINT pk_purchases PRIMARY KEY (document_id, line, bought_at),
    CONSTRAINT ck_purchases_party CHECK ((party_kind IS NULL) = (party_id IS NULL))
) PARTITION BY RANGE (bought_at);
CREATE INDEX ix_purchases_party ON purchases (party_id, party_kind, bought_at) WHERE party_id IS NOT NULL;
CREATE INDEX ix_purchases_store_day ON purchases (store_id, local_day);
CREATE INDEX ix_purchases_provisional ON purchases (gtin) WHERE provisional;
CREATE TABLE purchases_early PARTITION OF purchases FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00+00');
CREATE TABLE purchases_late PARTITION OF purchases FOR VALUES FROM ('2024-01-01 00:00+00') TO (MAXVALUE);
SELECT ensure_quarters('purchases', 'bought_at', 2);

-- Returns that do not say whose they are, until their sale is known.
CREATE TABLE purchase_returns (
    sale_id uuid NOT NULL,
    return_id uuid NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    looked boolean NOT NULL DEFAULT false,
    CONSTRAINT pk_purchase_returns PRIMARY KEY (sale_id, return_id)
);
CREATE INDEX ix_purchase_returns_taken ON purchase_returns (taken_at);
CREATE INDEX ix_purchase_returns_unlooked ON purchase_returns (taken_at) WHERE NOT looked;

-- Sales that were cancelled: whose they were, for returns that come later, and that they stay cancelled.
CREATE TABLE purchase_voids (
    sale_id uuid CONSTRAINT pk_purchase_voids PRIMARY KEY,
    party_kind text COLLATE "C",
    party_id text COLLATE "C",
    found boolean NOT NULL DEFAULT false,
    taken_at timestamptz NOT NULL DEFAULT now(),
    looked boolean NOT NULL DEFAULT false
);
CREATE INDEX ix_purchase_voids_unlooked ON purchase_voids (taken_at) WHERE NOT looked;
CREATE INDEX ix_purchase_voids_party ON purchase_voids (party_id) WHERE party_id IS NOT NULL;

-- Products and stores that lines name and nobody has told of yet.
CREATE TABLE purchase_unknowns (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('product', 'store')),
    id text COLLATE "C" NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT pk_purchase_unknowns PRIMARY KEY (kind, id)
);

CREATE INDEX ix_consumers_erased ON consumers (member_id) WHERE ended_why = 'erased';

-- What changed, for those who keep sums of it: appended with the change, taken off by who works it up.
CREATE TABLE purchase_parties_changed (
    party_kind text COLLATE "C" NOT NULL,
    party_id text COLLATE "C" NOT NULL
);
CREATE TABLE purchase_days_changed (
    store_id text COLLATE "C" NOT NULL,
    local_day date NOT NULL
);
"""


def upgrade() -> None:
    run_sql(CATALOGUE)
    run_sql(PURCHASES)
