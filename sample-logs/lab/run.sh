#!/bin/sh
# Makes the sample logs again: run.sh [2.10] [3.1] [3.3]   (default: all)
#
# Needs root, uv, Debian's postgresql, iptables, iproute2, openssl, and a Python 3.11.
# Everything runs in its own network, mount and process namespace: the machine's
# own files and ports stay as they are, and all processes end with this script.
# WORK (default: a new temporary folder) keeps the venvs, databases and raw logs.
set -eu
export PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "$0")" && pwd)
WORK=${WORK:-$(mktemp -d)}
mkdir -p "$WORK"
WORK=$(cd "$WORK" && pwd)
chmod a+x "$WORK" # the database server runs as another user

# The dates pin the dependencies, as the constraint files of a release would.
venv() { # venv VERSION REQUIREMENT DATE EXTRA...
    [ -e "$WORK/v$1/.complete" ] && return
    dir=$WORK/v$1 requirement=$2 date=$3
    shift 3
    [ -x "$dir/bin/python" ] || uv venv -q --python 3.11 "$dir"
    VIRTUAL_ENV=$dir uv pip install -q "$requirement" requests psycopg2-binary "$@" --exclude-newer "$date"
    touch "$dir/.complete"
}

[ $# -gt 0 ] || set -- 2.10 3.1 3.3
for version; do
    case $version in
    2.10) venv 2.10 apache-airflow==2.10.5 2025-03-15 ;;
    3.1) venv 3.1 apache-airflow==3.1.8 2026-04-15 asyncpg ;;
    3.3) venv 3.3 apache-airflow==3.3.2 2026-10-15 asyncpg ;;
    *) echo "usage: run.sh [2.10] [3.1] [3.3]" >&2; exit 2 ;;
    esac
    unshare --mount --net --pid --fork --kill-child --mount-proc \
        "$WORK/v$version/bin/python" "$here/run.py" "$version" "$WORK"
done
"$WORK/v$version/bin/python" "$here/run.py" check "$WORK"
