"""Add variants to campaigns, and to their stores the one that each was drawn into."""

from humidor_common.db.migrate import run_sql

revision = "0029"
down_revision = "0028"

VARIANTS = """
ALTER TABLE campaigns ADD COLUMN variants jsonb NOT NULL DEFAULT '[]';
ALTER TABLE campaign_stores ADD COLUMN variant text COLLATE "C",
    ADD CONSTRAINT ck_campaign_stores_variant CHECK (variant IS NULL OR part = 'treated');
"""


def upgrade() -> None:
    run_sql(VARIANTS)
