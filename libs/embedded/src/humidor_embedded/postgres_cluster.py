"""Making a PostgreSQL cluster and the databases in it."""

import os
import pwd
import secrets
import shutil
from pathlib import Path

from humidor_embedded.errors import EmbeddedError
from humidor_embedded.process import Account, Child, Program, tail

SUPERUSER = "postgres"
_INITDB_TIMEOUT_SECONDS = 120


def password_file(directory: Path) -> Path:
    return directory / "superuser.password"


def server_environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC"}


def unprivileged_account() -> Account | None:
    """Whom PostgreSQL runs as when root starts it: it refuses to run as root itself."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError("PostgreSQL cannot run as root, and there is no account 'nobody'") from error
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def initialise(directory: Path, initdb: Path, *, log: Path, account: Account | None, sync: bool) -> None:
    """Make `directory`/data; beside its final place, so that a run cut short leaves no half a cluster."""
    data, fresh, password = directory / "data", directory / "data.new", password_file(directory)
    for old in (data, fresh):
        shutil.rmtree(old, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password.unlink(missing_ok=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if account is not None:
        for owned in (fresh, password):
            os.chown(owned, account.uid, account.gid)
    arguments = [
        *("-D", str(fresh), "-U", SUPERUSER, f"--pwfile={password}", "--auth=scram-sha-256"),
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        *("--data-checksums", "--no-instructions", *([] if sync else ["--no-sync"])),
    ]
    program = Program(
        name="initdb",
        argv=[str(initdb), *arguments],
        log=log,
        env=server_environment(),
        cwd=fresh,
        account=account,
    )
    if Child(program).wait(_INITDB_TIMEOUT_SECONDS) != 0:
        raise EmbeddedError(f"PostgreSQL could not be initialised in {data}:\n{tail(log)}")
    fresh.rename(data)


def provisioning_script(name: str, role: str, password: str) -> str:
    """A psql script that makes a role and its database and closes the database to every other role."""
    owner, database = _literal(role), _literal(name)
    return f"""
        SELECT format('CREATE ROLE %I', {owner})
         WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {owner}) \\gexec
        SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L',
                      {owner}, {_literal(password)}) \\gexec
        SELECT format('CREATE DATABASE %I OWNER %I', {database}, {owner})
         WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {database}) \\gexec
        SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname) FROM pg_database
         WHERE datname IN ({database}, 'postgres', 'template1') \\gexec
        """  # noqa: S608 - every value went through _literal


def reader_script(database: str, owner: str, reader: str, password: str) -> str:
    """A psql script that makes a role which reads the views of a database and can do nothing else in it.

    It gets what everybody gets who may connect: the schema `analytics`. What PostgreSQL lets everybody do
    beside (large objects, advisory locks, by which services order their work) is left to the owner. Run it in
    the database, as superuser; it can be repeated.
    """
    named, kept = _literal(reader), _literal(owner)
    return f"""
        SELECT format('CREATE ROLE %I', {named})
         WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {named}) \\gexec
        SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 5
                       PASSWORD %L',
                      {named}, {_literal(password)}) \\gexec
        SELECT format('ALTER ROLE %I SET %s', {named}, setting) FROM unnest(ARRAY[
            'default_transaction_read_only = on', 'search_path = analytics', 'statement_timeout = 300000',
            'idle_in_transaction_session_timeout = 60000']) AS s(setting) \\gexec
        SELECT format('GRANT CONNECT ON DATABASE %I TO %I', {_literal(database)}, {named}) \\gexec
        SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO %I',
                      p.oid::regprocedure, {kept})
          FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
           AND p.proname ~ '^pg_(try_)?advisory_|^lo_|^lo(write|read)$|^pg_notify$' \\gexec
        """  # noqa: S608 - every value went through _literal


def _literal(value: str) -> str:
    if "\0" in value or "\\" in value:
        raise EmbeddedError("names and passwords of databases hold no backslash and no zero byte")
    return "'" + value.replace("'", "''") + "'"
