#!/bin/sh
# Gives every service its own database and role. Safe to repeat: it runs at each start, so that a new service
# or a changed password needs nothing else.
#
# PGHOST, PGUSER and PGPASSWORD lead to the server as a superuser; SERVICES names the services, and
# PASSWORD_<SERVICE> is the password of each one's role.
set -eu

for service in $SERVICES; do
    variable="PASSWORD_$(printf '%s' "$service" | tr '[:lower:]-' '[:upper:]_')"
    password="$(printenv "$variable")" || { echo "$variable is not set" >&2; exit 1; }
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --dbname postgres \
        --set role="humidor_$service" --set database="$service" --set password="$password" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"role";
SQL
    echo "database $service is ready"
done
