#!/bin/sh
# Print where Chromium is; the browser tests drive it. Installs it when that can be done here (as root on Debian or Ubuntu); else says
# how, and exits with 1. CHROMIUM_PATH names one that is not found.
set -eu

find_chromium() {
    for program in "${CHROMIUM_PATH:-chromium}" chromium-browser google-chrome; do
        command -v "$program" && return
    done
    if [ "$system" = Darwin ]; then
        for name in Chromium "Google Chrome"; do
            command -v "/Applications/$name.app/Contents/MacOS/$name" && return
        done
    fi
    return 1
}

system=$(uname)
find_chromium && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    {
        apt-get update
        apt-get install -y chromium
    } >&2
    find_chromium && exit 0
fi
echo "The browser tests need Chromium. Install it, then run the tests again:" >&2
if [ "$system" = Darwin ]; then
    echo "    brew install --cask chromium" >&2
else
    echo "    sudo apt-get update && sudo apt-get install -y chromium" >&2
fi
exit 1
