"""Create what is told of lots and their holds, item numbers of units, kits and display cabinets."""

from humidor_common.db.migrate import run_sql

revision = "0014"
down_revision = "0015"

LOTS = """
-- `version` counts what was told of a lot, so that readers can tell the newest; no index holds either column.
ALTER TABLE lot_stock ADD COLUMN version integer NOT NULL DEFAULT 0, ADD COLUMN held_since timestamptz;
UPDATE lot_stock SET held_since = now() WHERE held;
CREATE INDEX ix_lot_stock_held ON lot_stock (store_id, gtin, lot) WHERE held;

-- What stands on the shelves already is told as if it had just come.
WITH known AS (
    UPDATE lot_stock SET version = 1
    WHERE lot <> '' AND on_hand_sticks > 0 AND (held OR expiry_date IS NOT NULL)
    RETURNING store_id, gtin, lot, expiry_date, held, held_since
)
INSERT INTO outbox (event_id, type, topic, key, subject, time, payload)
SELECT gen_random_uuid(), 'inventory.lot-changed.v1', 'inventory.lot.v1', concat_ws('/', store_id, gtin, lot),
       concat_ws('/', store_id, gtin, lot), now(), convert_to(jsonb_build_object(
           'lot_id', concat_ws('/', store_id, gtin, lot), 'store_id', store_id, 'gtin', gtin, 'lot', lot,
           'expiry_date', expiry_date, 'held', held, 'held_since', held_since, 'in_stock', true, 'version', 1,
           'changed_at', now())::text, 'UTF8')
FROM known;
"""

UNITS = """
ALTER TABLE products ADD COLUMN unit_gtins jsonb NOT NULL DEFAULT '[]';
CREATE TABLE unit_gtins (
    unit_gtin text COLLATE "C" CONSTRAINT pk_unit_gtins PRIMARY KEY CHECK (unit_gtin ~ '^[0-9]{14}$'),
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_unit_gtins_product REFERENCES products,
    unit text NOT NULL CHECK (unit IN ('pack', 'carton', 'case'))
);
CREATE INDEX ix_unit_gtins_gtin ON unit_gtins (gtin);
"""

KITS = """
CREATE TABLE kits (
    gtin text COLLATE "C" CONSTRAINT pk_kits PRIMARY KEY CONSTRAINT fk_kits_product REFERENCES products,
    components jsonb NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE assemblies (
    assembly_id uuid CONSTRAINT pk_assemblies PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('assemble', 'disassemble')),
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    kits bigint NOT NULL CHECK (kits > 0),
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    parts jsonb NOT NULL,
    note text,
    assembled_at timestamptz NOT NULL,
    assembled_by text NOT NULL
);
CREATE INDEX ix_assemblies_store ON assemblies (store_id, assembly_id);

-- Which sticks of which lots are in the kits of a lot now, wherever these have gone since.
CREATE TABLE kit_parts (
    kit_gtin text COLLATE "C" NOT NULL,
    kit_lot text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    sticks bigint NOT NULL CHECK (sticks >= 0),
    production_date date,
    expiry_date date,
    CONSTRAINT pk_kit_parts PRIMARY KEY (kit_gtin, kit_lot, gtin, lot)
);
CREATE INDEX ix_kit_parts_lot ON kit_parts (gtin, lot);
"""

DISPLAYS = """
-- What a display cabinet holds at most and when to refill it, and what it held when somebody last looked.
CREATE TABLE displays (
    store_id text COLLATE "C" NOT NULL CONSTRAINT fk_displays_store REFERENCES stores,
    gtin text COLLATE "C" NOT NULL CONSTRAINT fk_displays_product REFERENCES products,
    capacity_packs integer NOT NULL CHECK (capacity_packs > 0),
    refill_at_packs integer NOT NULL CHECK (refill_at_packs >= 0),
    filled_sticks bigint NOT NULL CHECK (filled_sticks >= 0),
    filled_at timestamptz NOT NULL,
    filled_position bigint NOT NULL,
    filled_by text NOT NULL,
    CONSTRAINT pk_displays PRIMARY KEY (store_id, gtin),
    CONSTRAINT ck_displays_levels CHECK (refill_at_packs < capacity_packs)
);
"""


def upgrade() -> None:
    for sql in (LOTS, UNITS, KITS, DISPLAYS):
        run_sql(sql)
