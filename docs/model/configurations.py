"""What is searched: the configurations with their bounds, and the bugs that are planted in them."""

from __future__ import annotations

from dataclasses import replace

from .promises import GOES_ON
from .world import Record, Setup

FORM, EDIT, WITHDRAWAL = Record("x", 1, "A"), Record("x", 2, "B"), Record("x", 2, None)
CONFLICT = Record("x", 1, "B")
"""From another device: the revision of FORM with other content."""
OTHER = Record("y", 1, "A")

CLIENTS = Setup("clients", (FORM, EDIT, CONFLICT, OTHER), 4, "meanwhile", own=(1,), chunk=2, stepwise=False)
OWNERS = Setup("owners", (FORM, EDIT, OTHER), 3, chunk=2)
WITHDRAWALS = Setup("withdrawals", (FORM, WITHDRAWAL, CONFLICT), 3, chunk=2, stale=True)
PARTITIONS = Setup("partitions", (FORM, OTHER), 2, own=(2, 2), partitions=2)
REFRESHERS = Setup(
    "refreshers",
    (FORM, EDIT, OTHER),
    3,
    "have sent",
    own=(1, 0),
    partitions=2,
    stepwise=False,
    stale=True,
    refreshers=True,
    others=True,
)
REBUILD = replace(REFRESHERS, name="rebuild", requests=(FORM, OTHER), log=2, stale=False, rebuild=True)
WEIGHING = replace(REFRESHERS, name="weighing", requests=(FORM, OTHER), log=2, stale=False, versions=2)
SUMS = Setup("sums", (FORM, EDIT, OTHER), 3, "have sent", stepwise=False, versions=3)

CONFIGURATIONS = (CLIENTS, OWNERS, WITHDRAWALS, PARTITIONS, REFRESHERS, REBUILD, WEIGHING, SUMS)

_SUMS, _ONCE, _RISE = "tallies are the sums of the rows", "what was answered 202 counts once", "states only rise"
_LOG, _ONE = "what is stored is the log up to the position", "readers see one state of the log"
_SHORT = replace(OWNERS, log=2)

PLANTED = (
    (replace(CLIENTS, bug="answered before the log has it"), "what was answered 202 is in the log"),
    (replace(_SHORT, bug="position before"), _ONCE),
    (replace(_SHORT, bug="no compare"), _SUMS),
    (replace(_SHORT, bug="edit does not subtract"), _SUMS),
    (replace(_SHORT, bug="no dedupe"), _SUMS),
    (replace(_SHORT, bug="memory adopted before the commit"), _SUMS),
    (replace(_SHORT, bug="memory kept after an error"), _SUMS),
    (replace(_SHORT, log=1, bug="a new session after an error"), GOES_ON),
    (replace(REFRESHERS, bug="refresher without a token"), _RISE),
    (replace(REFRESHERS, bug="positions are not compared"), _RISE),
    (replace(REFRESHERS, bug="indices without a state are left"), _ONE),
    (replace(REBUILD, bug="positions are not compared"), _RISE),
    (replace(REBUILD, bug="indices of another generation are left"), _ONE),
    (replace(REBUILD, bug="refresher does not read the pointer"), _RISE),
    (replace(SUMS, bug="weighings are not compared"), _LOG),
    (replace(SUMS, bug="the version comes first"), _LOG),
    (replace(WEIGHING, bug="versions are mixed"), _ONE),
)
"""Each with the promise that it must break."""
