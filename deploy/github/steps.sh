#!/usr/bin/env bash
# The steps of action.yml: `steps.sh key` names the program in the cache by its source, `build` builds it, `scan` runs it. What they take and give are the
# variables and files of a GitHub runner.

set -euo pipefail
source="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

# lines TEXT: the lines that are not empty become the array `lines`. (macOS still has Bash 3.2, without mapfile.)
lines() {
    lines=()
    local line
    while IFS= read -r line; do
        if [ -n "$line" ]; then lines+=("$line"); fi
    done <<< "$1"
}

key() {
    cd "$source"
    echo "key=$(find Cargo.toml Cargo.lock build.rs src rules -type f -print0 | LC_ALL=C sort -z | xargs -0 cat | git hash-object --stdin)" >> "$GITHUB_OUTPUT"
}

build() {
    CARGO_TARGET_DIR="$RUNNER_TEMP/dagnosis-target" cargo build --locked --release --manifest-path "$source/Cargo.toml"
    mkdir -p "$RUNNER_TEMP/dagnosis-bin"
    mv "$RUNNER_TEMP/dagnosis-target/release/dagnosis" "$RUNNER_TEMP/dagnosis-bin/"
    rm -rf "$RUNNER_TEMP/dagnosis-target"
}

scan() {
    local program="${DAGNOSIS:-$RUNNER_TEMP/dagnosis-bin/dagnosis}" reports code=0 format arguments
    # The action may be used twice in a job.
    reports="$(mktemp -d "$RUNNER_TEMP/dagnosis-XXXXXX")"
    arguments=(--format github --summary "$GITHUB_STEP_SUMMARY" "--fail-on=$FAIL_ON")
    for format in html json sarif junit; do
        arguments+=(--output "$format=$reports/dagnosis.${format/junit/xml}")
        echo "$format=$reports/dagnosis.${format/junit/xml}" >> "$GITHUB_OUTPUT"
    done
    if [ -n "${BASELINE:-}" ]; then arguments+=("--baseline=$BASELINE"); fi
    lines "${ARGS:-}"
    arguments+=(${lines[@]+"${lines[@]}"})
    lines "$PATHS"
    "$program" "${arguments[@]}" -- ${lines[@]+"${lines[@]}"} || code=$?
    echo "exit-code=$code" >> "$GITHUB_OUTPUT"
    # 1 and 3 come with reports, which the steps after this one pass on before the job fails; after 2, or a crash, there may be none.
    case "$code" in 0 | 1 | 3) ;; *) exit "$code" ;; esac
}

case "${1:-}" in
    key | build | scan) "$1" ;;
    *) echo "usage: steps.sh key|build|scan" >&2; exit 2 ;;
esac
