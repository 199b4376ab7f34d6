# shellcheck shell=bash
# Gets what .ci/page.mjs needs, for the scripts that source this file: `browser FOLDER` puts playwright-core and axe-core below FOLDER, and installs
# Debian's chromium and Node.js where they are missing. It fails, and says why, where that cannot be done.

browser() {
    local folder=$1 name
    mkdir -p "$folder"
    for name in chromium node npm; do
        command -v "$name" > /dev/null && continue
        echo "$name is missing; installing Debian's $([ "$name" = node ] && echo nodejs || echo "$name")"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "$([ "$name" = node ] && echo nodejs || echo "$name")"; } > "$folder/apt.txt" 2>&1 || {
            tail -n 3 "$folder/apt.txt"
            echo "$name could not be installed"
            return 1
        }
    done
    CHROMIUM="$(command -v chromium)"
    export CHROMIUM
    npm install --silent --no-audit --no-fund --prefix "$folder" playwright-core axe-core > "$folder/npm.txt" 2>&1 || {
        tail -n 3 "$folder/npm.txt"
        echo "playwright-core and axe-core could not be installed"
        return 1
    }
    chromium --version 2> /dev/null
}
