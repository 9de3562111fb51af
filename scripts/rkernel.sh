#!/bin/sh
# Print where the kernelspec of R's kernel is; the tests of notebooks in R need it. Installs it when that can be done here (as root on
# Debian or Ubuntu); else says how, and exits with 1.
set -eu

find_kernel() {
    command -v R >/dev/null 2>&1 || return 1
    for folder in /usr/share/jupyter /usr/local/share/jupyter "${HOME:-/}/.local/share/jupyter" "${HOME:-/}/Library/Jupyter"; do
        if [ -f "$folder/kernels/ir/kernel.json" ]; then
            echo "$folder/kernels/ir"
            return 0
        fi
    done
    return 1
}

find_kernel && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    {
        apt-get update
        apt-get install -y --no-install-recommends r-cran-irkernel
    } >&2
    find_kernel && exit 0
fi
echo "The tests of notebooks in R need its kernel. Install it, then try again:" >&2
echo "    sudo apt-get update && sudo apt-get install -y r-cran-irkernel" >&2
echo "    (or, in R: install.packages('IRkernel'); IRkernel::installspec())" >&2
exit 1
