"""Create the platform's tables, stores, trade customers with their licences, and custom fields."""

from humidor_common.db import platform_tables
from humidor_common.db.migrate import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    platform_tables.create()
    run_sql("""
        CREATE TABLE stores (
            store_id text COLLATE "C" CONSTRAINT pk_stores PRIMARY KEY,
            name text NOT NULL,
            time_zone text NOT NULL,
            status text NOT NULL,
            kind text NOT NULL,
            licence_number text,
            version integer NOT NULL
        );

        CREATE TABLE custom_fields (
            field text COLLATE "C" CONSTRAINT pk_custom_fields PRIMARY KEY,
            label text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('text', 'number', 'date', 'choice', 'boolean')),
            choices text[] NOT NULL,
            required boolean NOT NULL,
            retired boolean NOT NULL,
            version integer NOT NULL,
            changed_at timestamptz NOT NULL
        );

        CREATE TABLE retailers (
            retailer_id text COLLATE "C" CONSTRAINT pk_retailers PRIMARY KEY,
            name text NOT NULL,
            search_name text COLLATE "C" NOT NULL,
            name_key text COLLATE "C" NOT NULL,
            state text NOT NULL CHECK (state IN ('prospect', 'active', 'closed')),
            licence_number text COLLATE "C" CHECK (licence_number ~ '^[0-9]{12}$'),
            licence_valid_from date,
            licence_valid_until date,
            licence_status text CHECK (licence_status IN ('active', 'suspended', 'revoked')),
            time_zone text NOT NULL,
            business_format text NOT NULL,
            market_type text NOT NULL,
            trade_area text COLLATE "C",
            sales_line text COLLATE "C",
            compliance_grade text COLLATE "C",
            credit_limit_minor bigint,
            currency text,
            address text,
            parent_id text COLLATE "C" CONSTRAINT fk_retailers_parent REFERENCES retailers,
            contacts jsonb NOT NULL,
            phone_keys text[] NOT NULL,
            tags text[] NOT NULL,
            custom jsonb NOT NULL,
            merged_into text COLLATE "C" CONSTRAINT fk_retailers_merged_into REFERENCES retailers,
            version integer NOT NULL,
            compared_version integer NOT NULL DEFAULT 0,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            CONSTRAINT ck_retailers_parent CHECK (parent_id <> retailer_id)
        );
        CREATE UNIQUE INDEX uq_retailers_live_licence ON retailers (licence_number)
            WHERE state <> 'closed' AND merged_into IS NULL;
        CREATE INDEX ix_retailers_licence ON retailers (licence_number, retailer_id);
        CREATE INDEX ix_retailers_search_name ON retailers (search_name, retailer_id);
        CREATE INDEX ix_retailers_licence_valid_until ON retailers (licence_valid_until, retailer_id)
            WHERE merged_into IS NULL;
        CREATE INDEX ix_retailers_trade_area ON retailers (trade_area, retailer_id);
        CREATE INDEX ix_retailers_sales_line ON retailers (sales_line, retailer_id);
        CREATE INDEX ix_retailers_parent ON retailers (parent_id) WHERE parent_id IS NOT NULL;
        CREATE INDEX ix_retailers_merged_into ON retailers (merged_into) WHERE merged_into IS NOT NULL;
        CREATE INDEX ix_retailers_tags ON retailers USING gin (tags);
        CREATE INDEX ix_retailers_custom ON retailers USING gin (custom jsonb_path_ops);

        CREATE TABLE retailer_stores (
            store_id text COLLATE "C" CONSTRAINT pk_retailer_stores PRIMARY KEY
                CONSTRAINT fk_retailer_stores_store REFERENCES stores,
            retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_retailer_stores_retailer REFERENCES retailers
        );
        CREATE INDEX ix_retailer_stores_retailer ON retailer_stores (retailer_id, store_id);

        CREATE TABLE licence_checks (
            check_id uuid CONSTRAINT pk_licence_checks PRIMARY KEY,
            retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_licence_checks_retailer REFERENCES retailers,
            licence_number text NOT NULL,
            status text NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
            source text NOT NULL,
            reason text,
            checked_at timestamptz NOT NULL,
            checked_by text NOT NULL,
            recorded_at timestamptz NOT NULL
        );
        CREATE INDEX ix_licence_checks_retailer ON licence_checks (retailer_id, check_id);

        CREATE TABLE retailer_notes (
            note_id uuid CONSTRAINT pk_retailer_notes PRIMARY KEY,
            retailer_id text COLLATE "C" NOT NULL CONSTRAINT fk_retailer_notes_retailer REFERENCES retailers,
            text text NOT NULL,
            written_by text NOT NULL,
            written_at timestamptz NOT NULL
        );
        CREATE INDEX ix_retailer_notes_retailer ON retailer_notes (retailer_id, note_id);
    """)
