#!/bin/sh
# Fills the running stack of PARINDEX_HOME with a simulated survey and takes the pictures.
set -eu
found() { parindex status --json | python -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
reporting=$(found reporting)
parindex demo --intake "$(found intake)" --reporting "$reporting" --token "$(found admin_token)" --code hanoi-2022 --responses 30000
python -m tests.browser.screens "$reporting" hanoi-2022
