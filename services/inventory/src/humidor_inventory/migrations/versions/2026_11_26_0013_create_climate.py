"""Create storage climate: zones, what lies in them, devices, readings by day and rollups."""

from humidor_common.db.migrate import run_sql

revision = "0013"
down_revision = "0014"

ZONES = """
CREATE TABLE climate_zones (
    store_id text COLLATE "C" NOT NULL CONSTRAINT fk_climate_zones_store REFERENCES stores,
    zone_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_climate_zones PRIMARY KEY (store_id, zone_id)
);

-- What a zone is judged by, and since when: a reading is judged by the terms of its own time.
CREATE TABLE climate_terms (
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    effective_from timestamptz NOT NULL,
    temperature_min_c double precision,
    temperature_max_c double precision,
    humidity_min_pct double precision,
    humidity_max_pct double precision,
    light_max_lux double precision,
    grace_minutes integer NOT NULL CHECK (grace_minutes >= 0),
    interval_seconds integer NOT NULL CHECK (interval_seconds > 0),
    gap_intervals integer NOT NULL CHECK (gap_intervals > 0),
    policy text NOT NULL CHECK (policy IN ('any', 'mean')),
    CONSTRAINT pk_climate_terms PRIMARY KEY (store_id, zone_id, effective_from),
    CONSTRAINT fk_climate_terms_zone FOREIGN KEY (store_id, zone_id) REFERENCES climate_zones
);

-- A lot lies where its own row says, else its product's (lot ''), else the store's (gtin '' and lot '').
CREATE TABLE climate_placements (
    store_id text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    placed_from timestamptz NOT NULL,
    placed_until timestamptz,
    zone_id text COLLATE "C" NOT NULL,
    placed_by text NOT NULL,
    CONSTRAINT pk_climate_placements PRIMARY KEY (store_id, gtin, lot, placed_from),
    CONSTRAINT fk_climate_placements_zone FOREIGN KEY (store_id, zone_id) REFERENCES climate_zones,
    CONSTRAINT ck_climate_placements_order CHECK (placed_until > placed_from),
    CONSTRAINT ck_climate_placements_level CHECK (gtin <> '' OR lot = '')
);
CREATE UNIQUE INDEX uq_climate_placements_current ON climate_placements (store_id, gtin, lot)
    WHERE placed_until IS NULL;
"""

DEVICES = """
CREATE TABLE climate_devices (
    device_id text COLLATE "C" PRIMARY KEY,
    device_no integer GENERATED ALWAYS AS IDENTITY CONSTRAINT uq_climate_devices_no UNIQUE,
    store_id text COLLATE "C" NOT NULL CONSTRAINT fk_climate_devices_store REFERENCES stores,
    zone_id text COLLATE "C",
    kind text NOT NULL CHECK (kind IN ('sensor', 'hub')),
    name text NOT NULL,
    temperature_offset_c double precision NOT NULL,
    humidity_offset_pct double precision NOT NULL,
    calibrated_on date,
    state text NOT NULL CHECK (state IN ('active', 'revoked')),
    key_hash bytea NOT NULL,
    broker_hash text NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT fk_climate_devices_zone FOREIGN KEY (store_id, zone_id) REFERENCES climate_zones,
    CONSTRAINT ck_climate_devices_zone CHECK (kind = 'sensor' OR zone_id IS NULL)
);
CREATE INDEX ix_climate_devices_store ON climate_devices (store_id, device_id);

-- One row, changed with every key: whoever keeps a broker's password file looks at nothing else.
CREATE TABLE climate_credentials (revision bigint NOT NULL);
INSERT INTO climate_credentials (revision) VALUES (0);

-- Changes with every batch, so it stands apart; no index but the key, so its updates stay heap-only.
CREATE TABLE climate_device_states (
    device_no integer CONSTRAINT pk_climate_device_states PRIMARY KEY,
    last_seen_at timestamptz,
    measured_at timestamptz,
    temperature_centi_c integer,
    humidity_centi_pct integer,
    light_deci_lux integer,
    battery_pct integer,
    online boolean
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE climate_bindings (
    device_no integer NOT NULL CONSTRAINT fk_climate_bindings_device REFERENCES climate_devices (device_no),
    bound_from timestamptz NOT NULL,
    bound_until timestamptz,
    store_id text COLLATE "C" NOT NULL,
    zone_id text COLLATE "C" NOT NULL,
    CONSTRAINT pk_climate_bindings PRIMARY KEY (device_no, bound_from),
    CONSTRAINT fk_climate_bindings_zone FOREIGN KEY (store_id, zone_id) REFERENCES climate_zones,
    CONSTRAINT ck_climate_bindings_order CHECK (bound_until > bound_from)
);
CREATE INDEX ix_climate_bindings_zone ON climate_bindings (store_id, zone_id, bound_from);
"""

READINGS = """
-- Whole hundredths and tenths: sums are exact whatever the order in which readings come.
CREATE TABLE climate_readings (
    measured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint,
    device_no integer NOT NULL,
    light_deci_lux integer,
    temperature_centi_c smallint,
    humidity_centi_pct smallint,
    CONSTRAINT pk_climate_readings PRIMARY KEY (device_no, measured_at)
) PARTITION BY RANGE (measured_at);
CREATE TABLE climate_readings_default PARTITION OF climate_readings DEFAULT;

CREATE TABLE climate_rollups (
    bucket_at timestamptz NOT NULL,
    device_no integer NOT NULL,
    span_seconds smallint NOT NULL,
    readings integer NOT NULL,
    temperature_count integer NOT NULL,
    temperature_sum bigint,
    temperature_min smallint,
    temperature_max smallint,
    humidity_count integer NOT NULL,
    humidity_sum bigint,
    humidity_min smallint,
    humidity_max smallint,
    light_count integer NOT NULL,
    light_sum bigint,
    light_min integer,
    light_max integer,
    CONSTRAINT pk_climate_rollups PRIMARY KEY (device_no, span_seconds, bucket_at)
) PARTITION BY RANGE (bucket_at);
CREATE TABLE climate_rollups_default PARTITION OF climate_rollups DEFAULT;

-- Made beside their parent and then attached, as the ledger's are: that stops neither readers nor writers.
-- A day for which the default partition holds rows already is left to it.
CREATE FUNCTION ensure_climate_partition(
    parent text, name text, key text, first timestamptz, beyond timestamptz, options text
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    taken boolean;
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN 0;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= %L AND %I < %L)',
                   parent || '_default', key, first, key, beyond) INTO taken;
    IF taken THEN
        RETURN 0;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) %s',
                   name, parent, options);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   parent, name, first, beyond);
    RETURN 1;
END$$;

CREATE FUNCTION ensure_climate_partitions(days_back integer, days_ahead integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    first timestamptz;
    made integer := 0;
BEGIN
    FOR i IN -days_back..days_ahead LOOP
        first := (date_trunc('day', now() AT TIME ZONE 'UTC') + make_interval(days => i)) AT TIME ZONE 'UTC';
        made := made + ensure_climate_partition(
            'climate_readings', 'climate_readings_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM_DD'),
            'measured_at', first, first + interval '24 hours', '');
    END LOOP;
    first := date_trunc('month', now() AT TIME ZONE 'UTC' - make_interval(days => days_back))
        AT TIME ZONE 'UTC';
    WHILE first <= now() + make_interval(days => greatest(days_ahead, 31)) LOOP
        made := made + ensure_climate_partition(
            'climate_rollups', 'climate_rollups_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM'),
            'bucket_at', first, ((first AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC',
            'WITH (fillfactor = 70)');
        first := ((first AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    END LOOP;
    RETURN made;
END$$;
SELECT ensure_climate_partitions(7, 3);

-- Drops the partitions that end before the given moments, whole files at a time.
CREATE FUNCTION drop_climate_partitions(readings_before timestamptz, rollups_before timestamptz)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    old record;
    dropped integer := 0;
BEGIN
    FOR old IN
        SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'climate_readings'::regclass AND c.relname <> 'climate_readings_default'
          AND c.relname < 'climate_readings_' || to_char(readings_before AT TIME ZONE 'UTC', 'YYYY_MM_DD')
        UNION ALL
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'climate_rollups'::regclass AND c.relname <> 'climate_rollups_default'
          AND c.relname < 'climate_rollups_' || to_char(rollups_before AT TIME ZONE 'UTC', 'YYYY_MM')
        ORDER BY 1
    LOOP
        EXECUTE format('DROP TABLE %I', old.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END$$;

CREATE TABLE climate_refusals (
    store_id text COLLATE "C" NOT NULL,
    device_id text COLLATE "C" NOT NULL,
    channel text NOT NULL CHECK (channel IN ('http', 'mqtt')),
    code text COLLATE "C" NOT NULL,
    refused bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    detail text NOT NULL,
    sample text NOT NULL,
    CONSTRAINT pk_climate_refusals PRIMARY KEY (store_id, device_id, channel, code)
);
"""


def upgrade() -> None:
    run_sql(ZONES)
    run_sql(DEVICES)
    run_sql(READINGS)
