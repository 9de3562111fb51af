#!/bin/sh
# Print the folder of PostgreSQL's programs; the tests of the store run on it, too. Installs it when that can be done here (as root on
# Debian or Ubuntu); else says how, and exits with 1. POSTGRESQL_BIN names a folder that is not found.
set -eu

find_postgresql() {
    for folder in "${POSTGRESQL_BIN:-}" /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && found=$folder
    done
    if [ -z "${found:-}" ] && command -v initdb >/dev/null 2>&1 && command -v pg_ctl >/dev/null 2>&1; then
        found=$(dirname "$(command -v initdb)")
    fi
    [ -n "${found:-}" ] && echo "$found"
}

find_postgresql && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    {
        apt-get update
        apt-get install -y --no-install-recommends postgresql
    } >&2
    find_postgresql && exit 0
fi
echo "The tests of the store need PostgreSQL's programs. Install it, then run the tests again:" >&2
if [ "$(uname)" = Darwin ]; then
    echo "    brew install postgresql@16" >&2
else
    echo "    sudo apt-get update && sudo apt-get install -y postgresql" >&2
fi
exit 1
