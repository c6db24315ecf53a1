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
    # A role for analysts, where the service has views for them: it reads these and can do nothing else.
    reader="$(printenv "PASSWORD_$(printf '%s' "$service" | tr '[:lower:]-' '[:upper:]_')_READER" || true)"
    if [ -n "$reader" ]; then
        psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --dbname "$service" \
            --set role="humidor_${service}_reader" --set owner="humidor_$service" --set database="$service" \
            --set password="$reader" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 5 PASSWORD :'password';
ALTER ROLE :"role" SET default_transaction_read_only = on;
ALTER ROLE :"role" SET search_path = analytics;
ALTER ROLE :"role" SET statement_timeout = 300000;
ALTER ROLE :"role" SET idle_in_transaction_session_timeout = 60000;
GRANT CONNECT ON DATABASE :"database" TO :"role";
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO %I',
              p.oid::regprocedure, :'owner')
  FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
   AND p.proname ~ '^pg_(try_)?advisory_|^lo_|^lo(write|read)$|^pg_notify$' \gexec
SQL
    fi
    echo "database $service is ready"
done
