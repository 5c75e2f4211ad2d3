#!/bin/sh
# Fills the running stack of PARINDEX_HOME with a simulated survey and takes the pictures.
set -eu
found() { parindex status --json | python -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
reporting=$(found reporting)
parindex demo --intake "$(found intake)" --reporting "$reporting" --token "$(found admin_token)" --code hanoi-2022 --responses 30000
# The year before, to be compared with.
sed -e 's/2022-11-01/2021-11-01/' -e 's/năm 2022/năm 2021/' -e 's/Hà Nội, 2022/Hà Nội, 2021/' examples/hanoi-2022.yaml > "$PARINDEX_HOME/hanoi-2021.yaml"
parindex demo --intake "$(found intake)" --reporting "$reporting" --token "$(found admin_token)" --code hanoi-2021 --seed 2021 --responses 20000 --campaign "$PARINDEX_HOME/hanoi-2021.yaml"
python -m tests.browser.screens "$reporting" hanoi-2022
