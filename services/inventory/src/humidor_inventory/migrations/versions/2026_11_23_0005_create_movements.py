"""Create transfers, reservations, write-offs and changes of lots; warehouses are stores of a kind."""

from humidor_common.db.migrate import run_sql

revision = "0005"
down_revision = "0004"

TRANSFERS = """
ALTER TABLE stores ADD COLUMN kind text NOT NULL DEFAULT 'store'
    CONSTRAINT ck_stores_kind CHECK (kind IN ('store', 'warehouse'));

CREATE TABLE transfers (
    transfer_id uuid PRIMARY KEY,
    from_store_id text COLLATE "C" NOT NULL CONSTRAINT fk_transfers_from REFERENCES stores,
    to_store_id text COLLATE "C" NOT NULL CONSTRAINT fk_transfers_to REFERENCES stores,
    state text NOT NULL
        CHECK (state IN ('planned', 'dispatched', 'partially_received', 'received', 'cancelled')),
    note text,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    dispatched_at timestamptz,
    closed_at timestamptz,
    closed_reason text,
    CONSTRAINT ck_transfers_ends CHECK (from_store_id <> to_store_id)
);
CREATE INDEX ix_transfers_from ON transfers (from_store_id, transfer_id);
CREATE INDEX ix_transfers_to ON transfers (to_store_id, transfer_id);
CREATE INDEX ix_transfers_on_the_way ON transfers (to_store_id, from_store_id)
    WHERE state IN ('dispatched', 'partially_received');

CREATE TABLE transfer_lines (
    transfer_id uuid NOT NULL CONSTRAINT fk_transfer_lines_transfer REFERENCES transfers,
    line integer NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C",
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    CONSTRAINT pk_transfer_lines PRIMARY KEY (transfer_id, line)
);

CREATE TABLE transfer_parcels (
    transfer_id uuid NOT NULL CONSTRAINT fk_transfer_parcels_transfer REFERENCES transfers,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    dispatched_sticks bigint NOT NULL CHECK (dispatched_sticks > 0),
    received_sticks bigint NOT NULL CHECK (received_sticks >= 0),
    lost_sticks bigint NOT NULL CHECK (lost_sticks >= 0),
    production_date date,
    expiry_date date,
    CONSTRAINT pk_transfer_parcels PRIMARY KEY (transfer_id, gtin, lot),
    CONSTRAINT ck_transfer_parcels_sum CHECK (received_sticks + lost_sticks <= dispatched_sticks)
);

CREATE TABLE transfer_losses (
    loss_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_transfer_losses PRIMARY KEY,
    transfer_id uuid NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    lost_sticks bigint NOT NULL CHECK (lost_sticks > 0),
    reason text NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    CONSTRAINT fk_transfer_losses_parcel FOREIGN KEY (transfer_id, gtin, lot) REFERENCES transfer_parcels
);
CREATE INDEX ix_transfer_losses_transfer ON transfer_losses (transfer_id);
"""

LOTS = """
CREATE TABLE reservations (
    reservation_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    state text NOT NULL CHECK (state IN ('active', 'confirmed', 'released', 'expired')),
    reference text,
    reserved_at timestamptz NOT NULL,
    reserved_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_reason text
);
CREATE INDEX ix_reservations_store ON reservations (store_id, reservation_id);
CREATE INDEX ix_reservations_active ON reservations (store_id, gtin, expires_at) WHERE state = 'active';
CREATE INDEX ix_reservations_due ON reservations (expires_at) WHERE state = 'active';

CREATE TABLE write_offs (
    write_off_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    bucket text NOT NULL CHECK (bucket IN ('on_hand', 'quarantined')),
    quantity_sticks bigint NOT NULL CHECK (quantity_sticks > 0),
    reason_code text NOT NULL,
    evidence text NOT NULL,
    written_off_at timestamptz NOT NULL,
    written_off_by text NOT NULL
);
CREATE INDEX ix_write_offs_store ON write_offs (store_id, write_off_id);

CREATE TABLE lot_changes (
    change_id uuid NOT NULL,
    part integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('split', 'merge')),
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    from_lot text COLLATE "C" NOT NULL,
    to_lot text COLLATE "C" NOT NULL,
    on_hand_sticks bigint NOT NULL,
    quarantined_sticks bigint NOT NULL,
    reason text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT pk_lot_changes PRIMARY KEY (change_id, part)
);
CREATE INDEX ix_lot_changes_from ON lot_changes (gtin, from_lot);
CREATE INDEX ix_lot_changes_to ON lot_changes (gtin, to_lot);

-- Where a lot has been; none of its columns ever changes, so updates of balances stay heap-only.
CREATE INDEX ix_lot_stock_lot ON lot_stock (gtin, lot, store_id);
"""


def upgrade() -> None:
    run_sql(TRANSFERS)
    run_sql(LOTS)
