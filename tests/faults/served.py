"""What readers were served against the log up to the positions that stood beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from tests.faults.evidence import Read
from tests.faults.model import Model
from tests.faults.stored import Logged
from tests.faults.violation import Found, Violation, differences

MOST_SERVED = 1_500
"""Of the states that were served so many are computed anew."""


def served(reads: Iterable[Read], logged: Logged) -> Found:
    """Every state that was served is the log up to its own positions; states only rise; one state has one answer."""
    states: dict[str, int] = {}
    fingerprints: dict[tuple[int, str], str] = {}
    bodies: dict[tuple[int, str], dict[str, Any]] = {}
    for read in reads:
        if read.status != 200:
            continue
        if read.state < states.get(read.url, 0):
            yield Violation("a state fell", f"{read.url} at {read.at:.1f} s", f"{states[read.url]}", f"{read.state}")
        states[read.url] = read.state
        key = read.state, read.block
        if fingerprints.setdefault(key, read.fingerprint) != read.fingerprint:
            yield Violation("a state with two faces", f"{key}", fingerprints[key], read.fingerprint)
        if read.body is not None:
            bodies.setdefault(key, read.body)
    chosen = sorted(bodies)
    every = max(1, len(chosen) // MOST_SERVED)
    yield from _recomputed([bodies[key] for key in sorted({*chosen[::every], *chosen[-2:]})], logged)


def _recomputed(bodies: Iterable[Mapping[str, Any]], logged: Logged) -> Found:
    """Each served ranking, computed from the log up to its positions; they come in the order of their states."""
    model = Model(logged.campaign)
    reached = dict.fromkeys(logged.responses, 0)
    appraised = 0
    for body in bodies:
        as_of = body["as_of"]
        name = f"state {as_of['state']}, {body['block']}"
        for partition in reached:
            until = as_of["positions"]["responses"].get(str(partition), 0)
            if not reached[partition] <= until <= len(logged.responses[partition]):
                yield Violation("positions of a state", name, f"{reached[partition]} or more", f"{until}")
                return
            for record in logged.responses[partition][reached[partition] : until]:
                model.take(record)
            reached[partition] = until
        until = as_of["positions"]["appraisals"].get("0", 0)
        for record in logged.appraisals[appraised:until]:
            model.appraise(record)
        appraised = until
        counted = sum(model.counted.values())
        if counted != as_of["counted"]:
            yield Violation("a served count", name, f"{counted}", f"{as_of['counted']}")
        indices, n = model.indices(), model.tallies.n()
        units = [unit.code for unit in logged.campaign.units if unit.block == body["block"]]
        yield from differences(
            f"a served figure of {name}",
            {unit: (exact(indices[unit]), n[unit]) for unit in units},
            {row["unit"]: (row["index_exact"], row["n"]) for row in body["rows"]},
        )


def exact(value: Fraction | None) -> str | None:
    """Rounded half up, away from zero, to 30 decimals."""
    if value is None:
        return None
    scaled = abs(value) * 10**30
    digits = str((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).rjust(31, "0")
    sign = "-" if value < 0 and int(digits) else ""
    return f"{sign}{digits[:-30]}.{digits[-30:]}"
