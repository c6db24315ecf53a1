"""Create users, sessions, clients and what log-in attempts leave behind."""

from humidor_common.db import platform_tables
from humidor_common.db.migrate import run_sql

revision = "0001"
down_revision = None

USERS = """
CREATE TABLE users (
    user_id uuid CONSTRAINT pk_users PRIMARY KEY,
    username text NOT NULL CONSTRAINT uq_users_username UNIQUE,
    display_name text NOT NULL DEFAULT '',
    password_hash text,
    must_change_password boolean NOT NULL DEFAULT false,
    roles text[] NOT NULL,
    stores text[],
    state text NOT NULL DEFAULT 'active' CONSTRAINT ck_users_state CHECK (state IN ('active', 'disabled')),
    oidc_issuer text,
    oidc_subject text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz,
    CONSTRAINT uq_users_oidc UNIQUE (oidc_issuer, oidc_subject)
);

CREATE TABLE sessions (
    session_id uuid CONSTRAINT pk_sessions PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT fk_sessions_user REFERENCES users ON DELETE CASCADE,
    address text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_hash bytea CONSTRAINT pk_refresh_tokens PRIMARY KEY,
    session_id uuid NOT NULL CONSTRAINT fk_refresh_tokens_session REFERENCES sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);
CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);

CREATE TABLE attempts (
    key text CONSTRAINT pk_attempts PRIMARY KEY,
    failures integer NOT NULL DEFAULT 0,
    last_at timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX ix_attempts_last_at ON attempts (last_at);

CREATE TABLE oidc_logins (
    state_hash bytea CONSTRAINT pk_oidc_logins PRIMARY KEY,
    browser_hash bytea NOT NULL,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_oidc_logins_created_at ON oidc_logins (created_at);
"""

CLIENTS = """
CREATE TABLE clients (
    client_id text CONSTRAINT pk_clients PRIMARY KEY,
    name text NOT NULL DEFAULT '',
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    stores text[],
    state text NOT NULL DEFAULT 'active' CONSTRAINT ck_clients_state CHECK (state IN ('active', 'disabled')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
"""


def upgrade() -> None:
    platform_tables.create()
    run_sql(USERS)
    run_sql(CLIENTS)
