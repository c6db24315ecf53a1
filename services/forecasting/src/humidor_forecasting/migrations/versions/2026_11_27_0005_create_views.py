"""Create views for analysts in a schema of their own, and what is known of forecasts made elsewhere."""

from humidor_common.db.migrate import run_sql

revision = "0005"
down_revision = "0004"

_STANDARD = ("025", "05", "10", "25", "50", "75", "80", "90", "95", "975", "99")
_PLACES = ", ".join(f"(max(number) FILTER (WHERE chance = 0.{name}))::int AS q{name}" for name in _STANDARD)
_QUANTILES = ", ".join(f"(x.figures->>q.q{name})::float8 AS q{name}_sticks" for name in _STANDARD)
_NAMES = "t.name AS store_name, a.area, s.gtin, p.name AS product_name, p.brand, p.price_class"
_NAMED = """
LEFT JOIN stores t ON t.store_id = s.store_id LEFT JOIN store_areas a ON a.store_id = s.store_id
LEFT JOIN products p ON p.gtin = s.gtin
"""
_NEWEST = """
CROSS JOIN LATERAL (SELECT * FROM forecasts f WHERE f.store_id = s.store_id AND f.gtin = s.gtin
                    ORDER BY f.issued_at DESC, f.forecast_id DESC LIMIT 1) f
"""

# Whoever may connect to the database may read these views (and no table): the role for analysts is made with
# the database, by a superuser, which a migration is not.
VIEWS = f"""
CREATE SCHEMA analytics;
GRANT USAGE ON SCHEMA analytics TO PUBLIC;

CREATE VIEW analytics.demand AS
SELECT s.store_id, {_NAMES}, g.day::date AS day,
       coalesce(d.sold_sticks + d.requested_sticks, 0) AS demand_sticks,
       coalesce(d.sold_sticks, 0) AS sold_sticks, coalesce(d.requested_sticks, 0) AS requested_sticks,
       coalesce(d.cut_sticks, 0) AS cut_sticks, coalesce(d.amount_minor, 0)::bigint AS amount_minor,
       coalesce(d.currency, p.currency) AS currency,
       CASE WHEN d.sold_sticks > 0 THEN (d.amount_minor / d.sold_sticks)::float8 END
           AS price_minor_per_stick,
       EXISTS (SELECT FROM stock_outs o WHERE o.store_id = s.store_id AND o.gtin = s.gtin
               AND o.raised_at < (g.day + interval '1 day') AT TIME ZONE z.zone
               AND coalesce(o.closed_at, 'infinity') >= g.day AT TIME ZONE z.zone) AS stock_out,
       EXISTS (SELECT FROM promotions m WHERE m.starts_on <= g.day::date AND m.ends_on >= g.day::date
               AND (m.store_ids IS NULL OR s.store_id = ANY(m.store_ids))
               AND (m.gtins IS NULL OR s.gtin = ANY(m.gtins))) AS promotion
FROM demand_series s {_NAMED}
CROSS JOIN LATERAL (SELECT coalesce(t.time_zone, 'UTC') AS zone) z
CROSS JOIN LATERAL generate_series(
    s.first_day::timestamp, (now() AT TIME ZONE z.zone)::date - interval '1 day', interval '1 day') g(day)
LEFT JOIN demand_days d ON d.store_id = s.store_id AND d.gtin = s.gtin AND d.day = g.day::date;
COMMENT ON VIEW analytics.demand IS
    'Demand by store, product and whole day of the store, days without any included';

CREATE VIEW analytics.forecasts AS
SELECT s.store_id, {_NAMES}, f.starts_on + (x.number - 1)::int AS day, x.number::int AS days_ahead,
       (x.figures->>0)::float8 AS mean_sticks, {_QUANTILES},
       f.model, f.challenger, f.kind, f.fell_back, f.data_until, f.issued_at, f.forecast_id
FROM demand_series s {_NAMED} {_NEWEST}
CROSS JOIN LATERAL (
    SELECT {_PLACES} FROM (
        SELECT value::float8 AS chance, ordinality AS number
        FROM jsonb_array_elements_text(f.probabilities) WITH ORDINALITY) c) q
CROSS JOIN LATERAL jsonb_array_elements(f.days) WITH ORDINALITY x(figures, number);
COMMENT ON VIEW analytics.forecasts IS 'The newest forecast of each store and product, a row a day';

CREATE VIEW analytics.scores AS
SELECT s.store_id, {_NAMES}, c.key AS model,
       CASE c.key WHEN f.model THEN 'champion' WHEN f.challenger THEN 'challenger' ELSE 'candidate' END
           AS part,
       (c.value->>'cost')::float8 AS cost, (c.value->>'mase')::float8 AS mase,
       (c.value->>'wape')::float8 AS wape, (c.value->>'rmsse')::float8 AS rmsse,
       (c.value->>'bias')::float8 AS bias, (c.value->>'pinball')::float8 AS pinball,
       (c.value->>'coverage_80')::float8 AS coverage_80, (c.value->>'coverage_95')::float8 AS coverage_95,
       (f.scores->>'origins')::int AS origins, f.kind, f.issued_at, f.forecast_id
FROM demand_series s {_NAMED} {_NEWEST}
CROSS JOIN LATERAL jsonb_each(coalesce(f.scores->'candidates', '{{}}')) c;
COMMENT ON VIEW analytics.scores IS 'What each candidate scored when the newest forecast was chosen';

CREATE VIEW analytics.accuracy AS
SELECT f.store_id, f.gtin, f.forecast_id, f.model, f.issued_at, x.day, x.days_ahead, x.mean_sticks,
       coalesce(d.sold_sticks + d.requested_sticks, 0) AS demand_sticks,
       x.mean_sticks - coalesce(d.sold_sticks + d.requested_sticks, 0) AS error_sticks
FROM forecasts f LEFT JOIN stores t ON t.store_id = f.store_id
CROSS JOIN LATERAL (
    SELECT f.starts_on + (e.number - 1)::int AS day, e.number::int AS days_ahead,
           (e.figures->>0)::float8 AS mean_sticks
    FROM jsonb_array_elements(f.days) WITH ORDINALITY e(figures, number)) x
LEFT JOIN demand_days d ON d.store_id = f.store_id AND d.gtin = f.gtin AND d.day = x.day
WHERE x.day < (now() AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date;
COMMENT ON VIEW analytics.accuracy IS 'Forecasts that were issued, beside what came true of their days';

CREATE VIEW analytics.promotions AS
SELECT promotion_id, name, starts_on, ends_on, store_ids, gtins, mechanic, discount_percent FROM promotions;
COMMENT ON VIEW analytics.promotions IS 'Promotions; no stores or products stand for all of them';

GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO PUBLIC;
"""  # noqa: S608 - our own text

CHALLENGERS = """
CREATE TABLE imported_forecasts (
    source text NOT NULL,
    store_id text NOT NULL,
    gtin text NOT NULL,
    data_until date NOT NULL,
    day date NOT NULL CONSTRAINT ck_imported_forecasts_day CHECK (day > data_until),
    mean_sticks double precision NOT NULL,
    quantiles jsonb NOT NULL,
    arrived_at timestamptz NOT NULL,
    CONSTRAINT pk_imported_forecasts PRIMARY KEY (store_id, gtin, source, data_until, day)
);
CREATE INDEX ix_imported_forecasts_source ON imported_forecasts (source, store_id, gtin, day);
CREATE INDEX ix_imported_forecasts_arrived ON imported_forecasts (arrived_at);
CREATE TABLE challengers (
    source text CONSTRAINT pk_challengers PRIMARY KEY,
    choose text NOT NULL CONSTRAINT ck_challengers_choose CHECK (choose IN ('by_hand', 'by_verdict')),
    least_days integer NOT NULL,
    better_by double precision NOT NULL,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
CREATE TABLE champions (
    store_id text NOT NULL,
    gtin text NOT NULL,
    source text NOT NULL CONSTRAINT fk_champions_source REFERENCES challengers,
    reason text NOT NULL,
    chosen_by text NOT NULL,
    chosen_at timestamptz NOT NULL,
    CONSTRAINT pk_champions PRIMARY KEY (store_id, gtin)
);
CREATE INDEX ix_champions_source ON champions (source);
-- What ours would have said where a forecast made elsewhere was published.
ALTER TABLE forecasts ADD COLUMN own_days jsonb;
-- What has changed since a series was forecast is asked for every series.
CREATE INDEX ix_promotions_changed ON promotions (changed_at);
"""


def upgrade() -> None:
    run_sql(VIEWS)
    run_sql(CHALLENGERS)
