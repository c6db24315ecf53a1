"""Create what is known of campaigns and of the stores where they take place."""

from humidor_common.db.migrate import run_sql

revision = "0005"
down_revision = "0004"

SQL = """
CREATE TABLE campaigns (
    campaign_id uuid CONSTRAINT pk_campaigns PRIMARY KEY,
    version integer NOT NULL,
    state text NOT NULL,
    kind text NOT NULL,
    audience text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    gtins text[],
    price_per_pack bigint,
    currency text NOT NULL,
    changed_at timestamptz NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX ix_campaigns_revision ON campaigns (revision);
CREATE INDEX ix_campaigns_ends_on ON campaigns (ends_on);

CREATE TABLE campaign_stores (
    campaign_id uuid NOT NULL,
    store_id text NOT NULL,
    ends_on date NOT NULL,
    CONSTRAINT pk_campaign_stores PRIMARY KEY (campaign_id, store_id)
);
CREATE INDEX ix_campaign_stores_store_id ON campaign_stores (store_id, ends_on, campaign_id);
COMMENT ON TABLE campaign_stores IS 'Without hold-out stores; ends_on is that of the campaign';

INSERT INTO revisions VALUES ('campaigns', 0);
"""


def upgrade() -> None:
    run_sql(SQL)


def downgrade() -> None:
    run_sql(
        "DROP TABLE campaign_stores; DROP TABLE campaigns; DELETE FROM revisions WHERE name = 'campaigns'"
    )
