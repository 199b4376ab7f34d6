#!/usr/bin/env bash
# How many instructions the program takes, counted by valgrind: nearly the same on any machine however busy, where seconds are not.
#
#     benches/instructions.sh            prints the table of benches/instructions.md
#     benches/instructions.sh --check    tells what differs from it by more than 5 %
#
# It counts the release program as users run it, on logs that the example `corpus` writes, and takes off what a start alone costs. Counting
# inside of a process (gungraun, iai-callgrind) would need a second build of everything with other settings and a runner of one exact version; a run
# is so short that the whole program can be counted.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

kept=benches/instructions.md
command -v valgrind > /dev/null || { echo "Not counted: valgrind is not installed."; exit 0; }
target="${CARGO_TARGET_DIR:-target}"
if [ -z "${DAGNOSIS:-}" ]; then
    cargo build --quiet --locked --release --bin dagnosis --example corpus
    DAGNOSIS="$target/release/dagnosis"
fi
made="${EXAMPLES:-$target/release/examples}"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT

# counted PATH: the instructions of a run that reads it.
counted() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$DAGNOSIS" --quiet --threads 1 --fail-on never --output /dev/null "$1" 2> "$scratch/valgrind" ||
        { cat "$scratch/valgrind" >&2; exit 1; }
    awk '/ Collected : / { print $NF }' "$scratch/valgrind"
}

mkdir "$scratch/start"
echo "[2026-03-01T02:00:00.000+0000] {load.py:41} INFO - nothing to do" > "$scratch/start/attempt=1.log"
start="$(counted "$scratch/start")"

# row NAME ARGUMENTS...: instructions for each byte of such a corpus.
row() {
    local name=$1 size
    shift
    size="$("$made/corpus" "$scratch/$name" "$@" | sed 's/.* \([0-9]*\) bytes in .*/\1/')"
    awk -v name="$name" -v all="$(counted "$scratch/$name")" -v start="$start" -v size="$size" 'BEGIN { printf "| %s | %.2f |\n", name, (all - start) / size }'
}

{
    awk -v start="$start" 'BEGIN { printf "| start, in millions | %.1f |\n", start / 1e6 }'
    row "large healthy logs" --shape few-large --bytes 8M --failure-rate 0
    row "small healthy logs" --shape many-small --bytes 8M --failure-rate 0
    row "tasks that say hardly a word" --shape quick --bytes 2M --failure-rate 0
    row "failing logs" --shape failing --bytes 2M
    row "large healthy logs, JSON" --shape few-large --dialect 3 --bytes 8M --failure-rate 0
    row "failing logs, JSON" --shape failing --dialect 3 --bytes 2M
} > "$scratch/rows"

if [ "${1:-}" != --check ]; then
    cat "$scratch/rows"
    exit 0
fi
awk -F' *[|] *' '
    NR == FNR { if (NF > 3) kept[$2] = $3; next }
    !($2 in kept) { print "not in the table: " $2 " " $3; differs = 1; next }
    { change = 100 * ($3 / kept[$2] - 1); if (change > 5 || change < -5) { printf "%s: %s, was %s (%+.0f %%)\n", $2, $3, kept[$2], change; differs = 1 } }
    END { if (!differs) print "No count differs from benches/instructions.md by more than 5 %." }
' "$kept" "$scratch/rows"
