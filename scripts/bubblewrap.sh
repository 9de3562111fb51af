#!/bin/sh
# Print where bubblewrap is, which makes the sandbox that runs are in; the tests of the sandbox need it, and prlimit and setpriv of
# util-linux. Installs them when that can be done here (as root on Debian or Ubuntu); else says how, and exits with 1.
set -eu

find_bubblewrap() {
    command -v prlimit >/dev/null 2>&1 && command -v setpriv >/dev/null 2>&1 && command -v bwrap
}

if [ "$(uname)" != Linux ]; then
    echo "Bubblewrap is for Linux only; here runs are not in a sandbox." >&2
    exit 1
fi
find_bubblewrap && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    {
        apt-get update
        apt-get install -y --no-install-recommends bubblewrap util-linux
    } >&2
    find_bubblewrap && exit 0
fi
echo "The sandbox needs bubblewrap, and prlimit and setpriv of util-linux. Install them, then try again:" >&2
echo "    sudo apt-get update && sudo apt-get install -y bubblewrap util-linux" >&2
echo "    (or: sudo dnf install bubblewrap util-linux; sudo pacman -S bubblewrap util-linux)" >&2
exit 1
