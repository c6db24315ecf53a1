"""Drop the type that a computed profile was sent as: profiles are written by COPY now."""

from humidor_common.db.migrate import run_sql

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_sql("DROP TYPE computed_profile")
