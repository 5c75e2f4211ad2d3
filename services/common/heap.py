"""What a process gives back to the system of the memory that it has freed: all large pieces, at once.

By default glibc keeps more the longer a process runs. Each large piece that is freed moves the size up from which
pieces are taken from the system by themselves, to 32 MB, and what is smaller stays in the heap of the thread that asked
for it: half of what a scorer held that had read fetches of some MB and written transactions of as much.
"""

from __future__ import annotations

import ctypes

LARGE_BYTES = 128 * 1024
"""Where glibc begins, before it moves up. Python keeps all small objects itself."""

# Of <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def give_back() -> None:
    """For the whole process, from now on; before it starts threads. Where there is no glibc nothing is changed."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_TRIM_THRESHOLD, LARGE_BYTES)
        # One heap for all threads: Python lets only one of them run at a time anyway.
        mallopt(_ARENA_MAX, 1)
