"""The command line as an operator has it: of the installed package, whatever folder it is called in."""

from __future__ import annotations

import sys

PARINDEX = (sys.executable, "-P", "-c", "from services.cli.main import main; main(prog_name='parindex')")
