#!/bin/sh
# Are python and node there, and new enough? Says what is missing, and exits with 1.
#
#     sh scripts/check_tools.sh [PYTHON]
set -eu

python=${1:-python3}

fail() {
    echo "$1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    fail "Python 3.10 or later is needed, but there is no '$python'. Install it, or say which: make PYTHON=/path/to/python3"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || fail "'$python' does not start."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "Python 3.10 or later is needed, but '$python' is $version. Say which one to use: make PYTHON=/path/to/python3"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "'$python' can't make virtual environments. On Debian or Ubuntu: apt-get install python$version-venv"

command -v node >/dev/null 2>&1 || fail "Node.js 20 or later is needed, but there is no 'node'."
node=$(node --version)
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
    fail "Node.js 20 or later is needed, but 'node' is $node."
