"""Name the row that a computed profile is sent as: one value a customer instead of one a figure."""

from humidor_common.db.migrate import run_sql

revision = "0026"
down_revision = "0025"

# Of its own, not the table's: who runs the code before a later column goes on writing profiles.
ROW = """
CREATE TYPE computed_profile AS (
    party_kind text,
    party_id text,
    computed_at timestamptz,
    last_at timestamptz,
    spend_minor bigint,
    spend_year_minor bigint,
    repeat_spend_minor bigint,
    sticks_year bigint,
    first_on date,
    last_on date,
    active_days integer,
    purchases integer,
    purchases_year integer,
    returns_year integer,
    basket_sticks double precision,
    basket_minor double precision,
    basket_lines double precision,
    gap_days double precision,
    favourite_brand_share double precision,
    price_sensitivity double precision,
    satisfaction double precision,
    usual_hour smallint,
    usual_weekday smallint,
    contacts_year integer,
    store_id text,
    currency text,
    channel text,
    lifecycle text,
    favourite_brand text,
    favourite_price_class text,
    recommendation integer,
    stated_brand text,
    stated_price_class text
);
"""


def upgrade() -> None:
    run_sql(ROW)
