#!/bin/sh
# The browser tests drive Chromium. Installs it when that can be done here (as root on Debian or Ubuntu); else says how, and exits with 1.
set -eu

is_there() {
    [ -x /usr/bin/chromium ]
}

is_there && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update
    apt-get install -y chromium
    is_there && exit 0
fi
echo "The browser tests need Chromium. Install it, then run make test again:" >&2
echo "    sudo apt-get update && sudo apt-get install -y chromium" >&2
exit 1
