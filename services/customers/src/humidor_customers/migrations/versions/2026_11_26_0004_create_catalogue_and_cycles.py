"""Create products with the terms they are offered on, and order cycles with their windows."""

from humidor_common.db.migrate import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql("""
        CREATE TABLE products (
            gtin text COLLATE "C" CONSTRAINT pk_products PRIMARY KEY,
            name text NOT NULL,
            brand text NOT NULL,
            status text NOT NULL,
            sticks_per_pack integer NOT NULL,
            packs_per_carton integer NOT NULL,
            cartons_per_case integer NOT NULL,
            retail_price_per_pack bigint,
            currency text,
            price_class text,
            version integer NOT NULL
        );

        CREATE TABLE offers (
            gtin text COLLATE "C" CONSTRAINT pk_offers PRIMARY KEY
                CONSTRAINT fk_offers_product REFERENCES products,
            wholesale_minor_per_carton bigint NOT NULL CHECK (wholesale_minor_per_carton >= 0),
            currency text NOT NULL,
            price_segment text COLLATE "C",
            orderable boolean NOT NULL,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL
        );

        CREATE TABLE order_groups (
            group_code text COLLATE "C" CONSTRAINT pk_order_groups PRIMARY KEY,
            name text NOT NULL,
            supply_store_id text COLLATE "C" NOT NULL CONSTRAINT fk_order_groups_store REFERENCES stores,
            time_zone text NOT NULL,
            order_weekday smallint NOT NULL CHECK (order_weekday BETWEEN 1 AND 7),
            opens_days_before smallint NOT NULL CHECK (opens_days_before BETWEEN 0 AND 31),
            opens_at_time time NOT NULL,
            closes_days_before smallint NOT NULL CHECK (closes_days_before BETWEEN 0 AND 31),
            closes_at_time time NOT NULL,
            delivery_days_after smallint NOT NULL CHECK (delivery_days_after BETWEEN 0 AND 31),
            version integer NOT NULL,
            changed_at timestamptz NOT NULL
        );

        CREATE TABLE order_members (
            retailer_id text COLLATE "C" CONSTRAINT pk_order_members PRIMARY KEY
                CONSTRAINT fk_order_members_retailer REFERENCES retailers,
            group_code text COLLATE "C" NOT NULL CONSTRAINT fk_order_members_group REFERENCES order_groups,
            since timestamptz NOT NULL
        );
        CREATE INDEX ix_order_members_group ON order_members (group_code, retailer_id);

        CREATE TABLE calendar_days (
            day date CONSTRAINT pk_calendar_days PRIMARY KEY,
            name text NOT NULL,
            changed_at timestamptz NOT NULL
        );

        CREATE TABLE order_cycles (
            cycle_id uuid CONSTRAINT pk_order_cycles PRIMARY KEY,
            code text COLLATE "C" NOT NULL CONSTRAINT uq_order_cycles_code UNIQUE,
            starts_on date NOT NULL,
            ends_on date NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            created_by text NOT NULL,
            CONSTRAINT ck_order_cycles_days CHECK (starts_on <= ends_on),
            CONSTRAINT ex_order_cycles_days EXCLUDE USING gist (daterange(starts_on, ends_on, '[]') WITH &&)
        );

        CREATE TABLE order_windows (
            cycle_id uuid NOT NULL CONSTRAINT fk_order_windows_cycle REFERENCES order_cycles,
            group_code text COLLATE "C" NOT NULL CONSTRAINT fk_order_windows_group REFERENCES order_groups,
            order_day date NOT NULL,
            opens_at timestamptz NOT NULL,
            closes_at timestamptz NOT NULL,
            delivery_on date NOT NULL,
            moved_from date,
            reason text,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_order_windows PRIMARY KEY (cycle_id, group_code),
            CONSTRAINT ck_order_windows_times CHECK (opens_at < closes_at)
        );
        CREATE INDEX ix_order_windows_group ON order_windows (group_code, closes_at);

        CREATE TABLE window_exceptions (
            cycle_id uuid NOT NULL,
            retailer_id text COLLATE "C" NOT NULL
                CONSTRAINT fk_window_exceptions_retailer REFERENCES retailers,
            opens_at timestamptz NOT NULL,
            closes_at timestamptz NOT NULL,
            delivery_on date NOT NULL,
            reason text NOT NULL,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT pk_window_exceptions PRIMARY KEY (cycle_id, retailer_id),
            CONSTRAINT fk_window_exceptions_cycle FOREIGN KEY (cycle_id) REFERENCES order_cycles,
            CONSTRAINT ck_window_exceptions_times CHECK (opens_at < closes_at)
        );
        CREATE INDEX ix_window_exceptions_retailer ON window_exceptions (retailer_id, cycle_id);
    """)
