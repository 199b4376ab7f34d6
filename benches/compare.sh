#!/usr/bin/env bash
# How dagnosis does beside programs that only search for the same texts, or only read the same bytes: ratios of CPU seconds (user and system),
# which say more than seconds on a machine that others use too. Beside each stands what is aimed at.
#
#     benches/compare.sh [FOLDER_FOR_CORPORA] [ROUNDS]
#
# Builds the release program; writes the corpora unless the folder holds them; runs every command once unmeasured, so that all files are in
# memory, then ROUNDS times, one command after the other; prints medians. Sizes: BYTES (two trees), BYTES_LARGE, BYTES_JSON, BYTES_FAILING, BYTES_ARCHIVE
# (a tree and three archives of it), TINY_FILES; less of each serves for a quick look. DAGNOSIS names a program that is built already.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

target="${CARGO_TARGET_DIR:-target}"
corpora="${1:-$target/corpora}"
rounds="${2:-5}"
tiny="$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")"
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch" "$tiny"' EXIT

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

/usr/bin/time -f %U true 2> "$scratch/probe" || die "/usr/bin/time is missing: install GNU time (Debian: apt-get install time)"

if [ -z "${DAGNOSIS:-}" ]; then
    cargo build --quiet --locked --release --bin dagnosis --example corpus --example literals --example many_rules
    DAGNOSIS="$target/release/dagnosis"
fi
made="${EXAMPLES:-$target/release/examples}"

# corpus NAME ARGUMENTS...: a tree of logs, unless it is there with the same arguments.
corpus() {
    local name=$1
    shift
    if [ "$(cat "$corpora/$name.arguments" 2> /dev/null)" = "$*" ]; then return; fi
    rm -rf "${corpora:?}/$name" "$corpora/$name".*
    "$made/corpus" "$corpora/$name" "$@"
    echo "$*" > "$corpora/$name.arguments"
}

mkdir -p "$corpora"
corpora="$(cd "$corpora" && pwd)"
corpus many-small --shape many-small --bytes "${BYTES:-1G}"
corpus few-large --shape few-large --bytes "${BYTES:-1G}"
corpus large --shape large --failure-rate 0.01 --bytes "${BYTES_LARGE:-1G}"
corpus json --shape many-small --dialect 3 --bytes "${BYTES_JSON:-300M}"
corpus failing --shape failing --bytes "${BYTES_FAILING:-300M}"
corpus archive --shape many-small --seed 2 --bytes "${BYTES_ARCHIVE:-300M}"
cd "$corpora"
[ -f archive.tar.gz ] || tar -cf - archive | gzip > archive.tar.gz
! command -v zstd > /dev/null || [ -f archive.tar.zst ] || tar -cf - archive | zstd -q > archive.tar.zst
! command -v zip > /dev/null || [ -f archive.zip ] || zip -q -r archive.zip archive
cd - > /dev/null
mkdir "$tiny/logs"
for ((file = 0; file < ${TINY_FILES:-20000}; file++)); do
    folder="$tiny/logs/dag_id=tiny_$((file % 40))/run_id=scheduled__2026-03-01T02:00:00+00:00/task_id=t$((file / 40))"
    mkdir -p "$folder"
    echo "[2026-03-01T02:00:00.000+0000] {load.py:41} INFO - nothing to do" > "$folder/attempt=1.log"
done
echo "[2026-03-01T02:00:00.000+0000] {load.py:41} INFO - nothing to do" > "$scratch/attempt=1.log"
for count in 100 1000 10000; do "$made/many_rules" "$count" "$scratch/rules-$count"; done
literals="$scratch/literals.txt"
"$made/literals" > "$literals"

# add NAME COMMAND...: something to measure. What is missing on this machine is told once and left out.
names=()
declare -A commands
add() {
    local name=$1
    shift
    names+=("$name")
    printf -v "commands[$name]" '%q ' "$@"
}
missing=()
where() {
    command -v "$1" > /dev/null && return
    missing+=("$1")
    return 1
}

diagnose=("$DAGNOSIS" --quiet --fail-on never --output /dev/null)
quietly() { add "$1" sh -c "\"\$0\" \"\$@\" > /dev/null" "${@:2}"; }
# Where nobody reads what they print, grep and ugrep stop at the first match of a file.
counting() { add "$1" sh -c "\"\$0\" \"\$@\" > '$scratch/counted'" "${@:2}"; }
for tree in many-small few-large; do
    add "dagnosis $tree" "${diagnose[@]}" --threads 1 "$corpora/$tree"
    where rg && counting "rg $tree" rg --no-config --no-ignore -j1 -c -F -f "$literals" "$corpora/$tree"
    counting "grep $tree" grep -r -c -F -f "$literals" "$corpora/$tree"
    where ugrep && counting "ugrep $tree" ugrep -r -J1 -c -F -f "$literals" "$corpora/$tree"
    quietly "wc $tree" find "$corpora/$tree" -name '*.log' -exec wc -l {} +
done
add "dagnosis quick" "${diagnose[@]}" --threads 1 --quick "$corpora/large"
where rg && counting "rg large" rg --no-config --no-ignore -j1 -c -F -f "$literals" "$corpora/large"
add "dagnosis large" "${diagnose[@]}" --threads 1 "$corpora/large"
add "dagnosis 2 threads" "${diagnose[@]}" --threads 2 "$corpora/many-small"
for count in 100 1000 10000; do add "dagnosis $count rules" "${diagnose[@]}" --threads 1 --rules "$scratch/rules-$count" "$corpora/few-large"; done
add "dagnosis json" "${diagnose[@]}" --threads 1 "$corpora/json"
add "dagnosis failing" "${diagnose[@]}" --threads 1 "$corpora/failing"
add "dagnosis tar.gz" "${diagnose[@]}" --threads 1 "$corpora/archive.tar.gz"
where gzip && quietly "gzip -dc" gzip -dc "$corpora/archive.tar.gz"
zstd_note=""
if where zstd; then
    if "${diagnose[@]}" "$corpora/archive.tar.zst" 2> /dev/null; then
        add "dagnosis tar.zst" "${diagnose[@]}" --threads 1 "$corpora/archive.tar.zst"
    else
        zstd_note=" (piped: it does not read zstd itself)"
        add "dagnosis tar.zst" sh -c 'zstd -dc "$0" | "$@" -' "$corpora/archive.tar.zst" "${diagnose[@]}" --threads 1
    fi
    quietly "zstd -dc" zstd -dc "$corpora/archive.tar.zst"
fi
if where zip && where unzip; then
    add "dagnosis zip" "${diagnose[@]}" --threads 1 "$corpora/archive.zip"
    quietly "unzip -p" unzip -p "$corpora/archive.zip"
fi
add "dagnosis tiny" "${diagnose[@]}" --threads 1 "$tiny/logs"
quietly "cat tiny" find "$tiny/logs" -name '*.log' -exec cat {} +
# A single start is shorter than what the clock of a process can tell.
add "dagnosis start" sh -c 'for start in 1 2 3 4 5 6 7 8 9 10; do "$@"; done' start "${diagnose[@]}" --threads 1 "$scratch/attempt=1.log"

for ((round = 0; round <= rounds; round++)); do
    [ "$round" -eq 1 ] && : > "$scratch/times"
    for name in "${names[@]}"; do
        code=0
        eval "/usr/bin/time -q -f '%U %S %e %M' -o '$scratch/one' ${commands[$name]}" 2> "$scratch/errors" || code=$?
        # Those that search give 1 where nothing is found, and dagnosis 3 where it could not read something.
        [ "$code" -le 1 ] || { cat "$scratch/errors"; die "exit code $code: ${commands[$name]}"; }
        echo "$name|$(tail -n 1 "$scratch/one")" >> "$scratch/times"
    done
done

# median NAME FIELD: of CPU seconds (1), wall seconds (2), peak memory in KiB (3).
median() {
    awk -F'[| ]' -v name="$1" -v field="$2" '
        substr($0, 1, length(name) + 1) == name "|" { n = NF; value[1] = $(n - 3) + $(n - 2); value[2] = $(n - 1); value[3] = $n; print value[field] }
    ' "$scratch/times" | sort -g | awk '{ all[NR] = $1 } END { if (NR) print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'
}

size() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# ratio WHAT AIM FIELD ONE OTHER [BYTES_OF_ONE BYTES_OF_OTHER]: a row of the table; with sizes, per byte.
ratio() {
    local one other
    one="$(median "$4" "$3")" other="$(median "$5" "$3")"
    if [ -z "$one" ] || [ -z "$other" ]; then
        echo "| $1 | not measured | $2 |"
    else
        awk -v one="$one" -v other="$other" -v a="${6:-1}" -v b="${7:-1}" -v what="$1" -v aim="$2" 'BEGIN {
            if (other > 0) printf "| %s | %.2f | %s |\n", what, (one / a) / (other / b), aim; else printf "| %s | too quick to tell | %s |\n", what, aim }'
    fi
}

cat << TABLE

$(nproc) cores, load average $(cut -d' ' -f1-3 /proc/loadavg), $rounds rounds, $(wc -l < "$literals") texts searched for.
many-small: $(find "$corpora/many-small" -name '*.log' | wc -l) logs, $(size "$corpora/many-small") bytes; few-large: $(size "$corpora/few-large") bytes.

| CPU seconds, medians | many-small | few-large |
|---|---|---|
TABLE
for program in dagnosis rg grep ugrep wc; do
    echo "| $program | $(median "$program many-small" 1) | $(median "$program few-large" 1) |"
done
printf '\n| what | measured | aimed at |\n|---|---|---|\n'
ratio "many small logs: dagnosis / rg -F of the same texts" "0.65 or less" 1 "dagnosis many-small" "rg many-small"
ratio "few large logs: dagnosis / rg -F" "0.50 or less" 1 "dagnosis few-large" "rg few-large"
for program in grep ugrep; do
    ratio "many small logs: dagnosis / $program -F" "" 1 "dagnosis many-small" "$program many-small"
    ratio "few large logs: dagnosis / $program -F" "" 1 "dagnosis few-large" "$program few-large"
done
ratio "many small logs: dagnosis / wc -l" "2.5 or less" 1 "dagnosis many-small" "wc many-small"
ratio "few large logs: dagnosis / wc -l" "" 1 "dagnosis few-large" "wc few-large"
ratio "large logs, 1 in 100 fails, --quick: dagnosis / rg -F" "0.10 or less" 1 "dagnosis quick" "rg large"
ratio "large logs: --quick / all of it" "" 1 "dagnosis quick" "dagnosis large"
ratio "two threads / one: CPU" "1.1 or less" 1 "dagnosis 2 threads" "dagnosis many-small"
ratio "two threads / one: wall (of a quiet machine only)" "0.65 or less" 2 "dagnosis 2 threads" "dagnosis many-small"
ratio "1,000 rules more / 100 more" "1.3 or less" 1 "dagnosis 1000 rules" "dagnosis 100 rules"
ratio "10,000 rules more / 100 more" "" 1 "dagnosis 10000 rules" "dagnosis 100 rules"
ratio "all logs fail / hardly any, per byte" "3 or less" 1 "dagnosis failing" "dagnosis many-small" "$(size "$corpora/failing")" "$(size "$corpora/many-small")"
ratio "JSON / text, per byte" "1.5 or less" 1 "dagnosis json" "dagnosis many-small" "$(size "$corpora/json")" "$(size "$corpora/many-small")"
ratio "tar.gz: dagnosis / gzip -dc" "0.75 or less" 1 "dagnosis tar.gz" "gzip -dc"
ratio "tar.zst: dagnosis / zstd -dc$zstd_note" "2.0 or less" 1 "dagnosis tar.zst" "zstd -dc"
ratio "zip: dagnosis / unzip -p" "0.65 or less" 1 "dagnosis zip" "unzip -p"
ratio "tiny logs in memory: dagnosis / find and cat" "" 1 "dagnosis tiny" "cat tiny"
row() { awk -v what="$1" -v value="$2" -v by="$3" -v aim="$4" 'BEGIN { printf "| %s | %.1f | %s |\n", what, value / by, aim }'; }
row "tiny logs: microseconds of CPU for each" "$(median "dagnosis tiny" 1)" "${TINY_FILES:-20000}e-6" ""
row "start, with one line to read: milliseconds of CPU" "$(median "dagnosis start" 1)" 10e-3 "30 or less"
for input in many-small few-large json failing tar.gz zip "10000 rules"; do
    aim="64 or less"
    [ "$input" = "10000 rules" ] && aim="128 or less"
    peak="$(median "dagnosis $input" 3)"
    [ -z "$peak" ] || row "peak memory, $input: MB" "$peak" 976.5625 "$aim"
done
[ "${#missing[@]}" -eq 0 ] || printf '\nNot installed, not measured: %s\n' "$(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')"
