"""Create candidates for duplicates among trade customers, and merges that can be undone."""

from humidor_common.db.migrate import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX ix_retailers_phone_keys ON retailers USING gin (phone_keys);
        CREATE INDEX ix_retailers_trade_area_name ON retailers (trade_area, name_key);
        CREATE INDEX ix_retailers_not_compared ON retailers (retailer_id)
            WHERE compared_version < version AND merged_into IS NULL;

        CREATE TABLE duplicate_candidates (
            first_id text COLLATE "C" NOT NULL
                CONSTRAINT fk_duplicate_candidates_first REFERENCES retailers,
            second_id text COLLATE "C" NOT NULL
                CONSTRAINT fk_duplicate_candidates_second REFERENCES retailers,
            score integer NOT NULL CHECK (score BETWEEN 0 AND 100),
            reasons jsonb NOT NULL,
            state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'dismissed', 'merged')),
            found_at timestamptz NOT NULL,
            decided_at timestamptz,
            decided_by text,
            decision_reason text,
            CONSTRAINT pk_duplicate_candidates PRIMARY KEY (first_id, second_id),
            CONSTRAINT ck_duplicate_candidates_order CHECK (first_id < second_id)
        );
        CREATE INDEX ix_duplicate_candidates_state
            ON duplicate_candidates (state, score DESC, first_id, second_id);
        CREATE INDEX ix_duplicate_candidates_second ON duplicate_candidates (second_id);

        CREATE TABLE merges (
            merge_id uuid CONSTRAINT pk_merges PRIMARY KEY,
            survivor_id text COLLATE "C" NOT NULL CONSTRAINT fk_merges_survivor REFERENCES retailers,
            merged_id text COLLATE "C" NOT NULL CONSTRAINT fk_merges_merged REFERENCES retailers,
            take text[] NOT NULL,
            reason text NOT NULL,
            merged_at timestamptz NOT NULL,
            merged_by text NOT NULL,
            survivor_before jsonb NOT NULL,
            survivor_after jsonb NOT NULL,
            moved jsonb NOT NULL,
            undone_at timestamptz,
            undone_by text,
            undo_reason text,
            kept jsonb,
            CONSTRAINT ck_merges_two CHECK (survivor_id <> merged_id)
        );
        CREATE INDEX ix_merges_survivor ON merges (survivor_id, merge_id);
        CREATE INDEX ix_merges_merged ON merges (merged_id, merge_id);
        CREATE UNIQUE INDEX uq_merges_standing ON merges (merged_id) WHERE undone_at IS NULL;
    """)
