"""Create what judges zones: dirt, moments to look again, checkpoints, excursions, exposures and gaps."""

from humidor_common.db.migrate import run_sql

revision = "0017"
down_revision = "0013"

EXCURSIONS = """
-- What has come in since a zone was judged. Only added to and taken away from, so that whoever stores
-- readings never waits for the judge.
CREATE TABLE climate_dirty (
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    dirty_from timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
CREATE INDEX ix_climate_dirty ON climate_dirty (store_id, zone_id);

CREATE TABLE climate_watch (
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    due_at timestamptz,
    CONSTRAINT pk_climate_watch PRIMARY KEY (store_id, zone_id)
) WITH (fillfactor = 70);
CREATE INDEX ix_climate_watch_due ON climate_watch (due_at) WHERE due_at IS NOT NULL;

-- The judge's state just before the happenings of `at`: the newest, and one an hour for what comes late.
CREATE TABLE climate_checkpoints (
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    state jsonb NOT NULL,
    CONSTRAINT pk_climate_checkpoints PRIMARY KEY (store_id, zone_id, at)
);

CREATE TABLE climate_excursions (
    excursion_id uuid PRIMARY KEY,
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL CHECK (measure IN ('temperature', 'humidity', 'light')),
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'ended', 'withdrawn')),
    started_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    ended_at timestamptz,
    peak_value double precision NOT NULL,
    limit_value double precision NOT NULL,
    deviation_minutes double precision NOT NULL,
    outside_minutes double precision NOT NULL,
    unknown_minutes double precision NOT NULL,
    version integer NOT NULL,
    told_at timestamptz NOT NULL,
    exposed_at timestamptz
);
CREATE INDEX ix_climate_excursions_store ON climate_excursions (store_id, excursion_id);
CREATE INDEX ix_climate_excursions_state ON climate_excursions (state, excursion_id);
CREATE INDEX ix_climate_excursions_zone ON climate_excursions (store_id, zone_id, ended_at);
CREATE INDEX ix_climate_excursions_exposed ON climate_excursions (exposed_at) WHERE state = 'open';

CREATE TABLE climate_exposures (
    excursion_id uuid NOT NULL CONSTRAINT fk_climate_exposures_excursion REFERENCES climate_excursions,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    exposed_from timestamptz NOT NULL,
    exposed_until timestamptz NOT NULL,
    sticks bigint NOT NULL,
    peak_value double precision,
    CONSTRAINT pk_climate_exposures PRIMARY KEY (excursion_id, gtin, lot, exposed_from)
);
CREATE INDEX ix_climate_exposures_lot ON climate_exposures (gtin, lot, exposed_from);

CREATE TABLE climate_gaps (
    device_no integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    CONSTRAINT pk_climate_gaps PRIMARY KEY (device_no, started_at)
);
CREATE INDEX ix_climate_gaps_store ON climate_gaps (store_id, started_at, device_no);
CREATE INDEX ix_climate_gaps_zone ON climate_gaps (store_id, zone_id, ended_at);
"""


def upgrade() -> None:
    run_sql(EXCURSIONS)
