"""What every process that makes a file does first."""

from __future__ import annotations

import os
import signal

NICENESS = 10
"""Whoever waits for an answer of the worker goes first."""
LONGEST_S = 300
"""The worker ends it sooner; this is for one whose worker is gone."""


def settle() -> None:
    os.nice(NICENESS)
    signal.alarm(LONGEST_S)
