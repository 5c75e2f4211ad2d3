"""How often Python looks for cycles in memory: seldom, in services that hold much that lives long and make few cycles.

By default it looks through everything held each time that this has grown by a quarter: for a scorer or a reporting
worker of a large campaign as much work as all the rest.
"""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 50)
"""Objects made before the youngest are looked through, and how often that is done before the older ones are."""


def collect_seldom() -> None:
    """For the whole process, from now on."""
    gc.set_threshold(*THRESHOLDS)
