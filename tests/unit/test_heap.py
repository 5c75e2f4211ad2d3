"""Memory that is freed goes back to the system, however large the pieces were that were freed before."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, sys
from services.common import heap
if sys.argv[1] == "ours":
    heap.give_back()
elif not hasattr(ctypes.CDLL(None), "mallopt"):
    print("no glibc")
    sys.exit()

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def piece(size):
    return bytearray(b"x") * size

before = held()
# What one large piece that is freed does to those that come after it …
piece(24_000_000)
pieces = [piece(1_000_000) for _ in range(100)]
last = piece(200_000)
# … of which the last one keeps all of the heap below it.
del pieces
print((held() - before) // 1_000_000)
"""


def held_mb(way: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, way], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's way, told by /proc")
def test_large_pieces_that_were_freed_are_not_kept() -> None:
    theirs = held_mb("theirs")
    if theirs == "no glibc":
        pytest.skip("another C library")
    assert int(theirs) >= 50, "glibc has mended it: services/common/heap.py is of no use any more"
    assert int(held_mb("ours")) <= 5
