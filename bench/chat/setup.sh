#!/bin/sh
# Installs what the chat benchmark compares with and measures by, where it is missing (Debian; needs root).
#   setup.sh             ngircd, inspircd, a C compiler
#   setup.sh --profile   also perf, and py-spy in a virtualenv of its own under build/
set -eu
cd "$(dirname "$0")/../.."

missing=""
need() { # need COMMAND PACKAGE
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need ngircd ngircd
need inspircd inspircd
need gcc "gcc libc6-dev"
need taskset util-linux
[ "${1:-}" = "--profile" ] && need perf linux-perf

if [ -n "$missing" ]; then
    # The packages would start as services; the runner starts them itself, one process each.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    apt-get update
    # shellcheck disable=SC2086  # one word per package is meant
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi

if [ "${1:-}" = "--profile" ] && [ ! -x build/bench/py-spy/bin/py-spy ]; then
    python3 -m venv build/bench/py-spy
    build/bench/py-spy/bin/pip install --quiet py-spy
fi
echo "ready"
