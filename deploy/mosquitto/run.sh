#!/bin/sh
# Runs Mosquitto on the password file that the service keeps, and has it read that again whenever it changes: then
# Mosquitto also ends the connections of devices that no longer stand in it. Mosquitto reads a copy of its own,
# because it drops its privileges and the service's file is the service's alone.
set -eu
conf="${MOSQUITTO_CONF:-/mosquitto/config/mosquitto.conf}"
from="${MOSQUITTO_PASSWORDS_FROM:-/mosquitto/auth/passwords}"
to="${MOSQUITTO_PASSWORDS_TO:-/mosquitto/passwords}"

take_over() {
    cp "$from" "$to.new"
    chmod 0644 "$to.new"
    mv "$to.new" "$to"
}

# The service writes the file; until then there is nobody who could be let in.
until [ -e "$from" ]; do sleep 0.2; done
take_over
"${MOSQUITTO:-mosquitto}" -c "$conf" &
broker=$!
trap 'kill -TERM "$broker" 2>/dev/null || true' TERM INT

while kill -0 "$broker" 2>/dev/null; do
    sleep 0.5 &
    wait $! || true
    if [ -e "$from" ] && ! cmp -s "$from" "$to"; then
        take_over
        kill -HUP "$broker" 2>/dev/null || true
    fi
done
wait "$broker"
