"""One committed state of a campaign in memory: definition, every unit's figures, and the answers made of them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar, cast

from services.common import metrics, release
from services.common.campaign import Campaign
from services.common.index import Formula
from services.reporting.figures import Figures
from services.reporting.metrics import KEPT, MADE, RENDER_SECONDS
from services.reporting.released import Released

Derived = TypeVar("Derived")

KEPT_BYTES = 64 * 1024 * 1024
"""Of rendered answers, for one state: every view of a large campaign, and a bound on what odd requests can fill."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """How far the log is in the figures: `counted` responses by group, `positions` by topic and partition."""

    state: int
    version: int
    counted: Mapping[str, int]
    positions: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> AsOf:
        """From a document of `campaign_state`."""
        positions = {topic: in_order(partitions) for topic, partitions in document["positions"].items()}
        return cls(document["state"], document["version"], document["counted"], positions)

    @property
    def total(self) -> int:
        return sum(self.counted.values())

    def document(self) -> dict[str, Any]:
        """As it travels with every figure."""
        return {"state": self.state, "counted": self.total, "positions": self.positions}


def in_order(partitions: Mapping[str, int]) -> dict[str, int]:
    """Positions by partition, in the order of its number."""
    return dict(sorted(partitions.items(), key=lambda position: int(position[0])))


@dataclass(frozen=True, slots=True)
class Body:
    """An answer's bytes with the strong ETag made of them, and the headers that describe them."""

    content: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "etag", hashlib.blake2b(self.content, digest_size=16).hexdigest())


class _Released(Mapping[str, Figures]):
    """Each unit's figures as they are released, made when they are asked for."""

    def __init__(self, units: Mapping[str, Figures], campaign: Campaign, formula: Formula) -> None:
        self._units = units
        self._campaign = campaign
        self._formula = formula

    def __getitem__(self, unit: str) -> Figures:
        figures = self._units[unit]
        # Kept from state to state with the figures that it is a view of.
        key = "released", self._campaign.version
        return figures.derived(key, lambda: Released(figures, self._campaign, self._formula))

    def __iter__(self) -> Iterator[str]:
        return iter(self._units)

    def __len__(self) -> int:
        return len(self._units)


class Standing:
    """A campaign as it stands. Never changed but for the answers it keeps; read by any thread."""

    def __init__(
        self,
        campaign: Campaign,
        as_of: AsOf,
        units: Mapping[str, Figures],
        *,
        detailed: bool = True,
        of_releases: bool = False,
        carried: dict[Hashable, object] | None = None,
    ) -> None:
        self.campaign = campaign
        self.as_of = as_of
        self.units = units
        self.detailed = detailed
        """Whether the units' figures have all their details."""
        self.of_releases = of_releases
        """Whether their breakdowns are those that were released last."""
        self._bodies: dict[Hashable, Body] = {}
        self._size = 0
        self._derived: dict[Hashable, object] = {}
        self.carried_on: dict[Hashable, object] = {} if carried is None else carried
        """What `carried` keeps for the states that follow."""
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    @cached_property
    def released(self) -> Standing:
        """The same state with the units' figures as everybody may see them while responses come in."""
        formula = Formula(self.campaign)
        units = _Released(self.units, self.campaign, formula)
        return Standing(
            self.campaign, self.as_of, units, detailed=self.detailed, of_releases=True, carried=self.carried_on
        )

    def for_everybody(self, now: datetime) -> Standing:
        """What is shown at a moment to those who hold no token."""
        return self if release.ended(self.campaign, now) or not release.in_steps(self.campaign) else self.released

    def body(self, key: Hashable, make: Callable[[], Body]) -> Body:
        """The answer kept under a key, else made now; of many who ask at once one makes it."""
        found = self._bodies.get(key)
        if found is not None:
            KEPT.inc()
            return found
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = self._bodies.get(key)
            if found is None:
                with metrics.timed(RENDER_SECONDS):
                    found = make()
                MADE.inc()
                self._keep(key, found)
        with self._lock:
            self._locks.pop(key, None)
        return found

    def derived(self, key: Hashable, make: Callable[[], Derived]) -> Derived:
        """What several answers are made of: kept under a key, else made now."""
        found = self._derived.get(key)
        if found is None:
            found = self._derived[key] = make()
        return cast("Derived", found)

    def carried(self, key: Hashable, make: Callable[[Derived | None], Derived]) -> Derived:
        """As `derived`, made of what was made in some earlier state, or None; both are never changed."""
        key = key, self.of_releases

        def made() -> Derived:
            found = self.carried_on[key] = make(cast("Derived | None", self.carried_on.get(key)))
            return found

        return self.derived(("carried", key), made)

    def _keep(self, key: Hashable, body: Body) -> None:
        with self._lock:
            self._bodies[key] = body
            self._size += len(body.content)
            while self._size > KEPT_BYTES and len(self._bodies) > 1:
                oldest = next(iter(self._bodies))
                self._size -= len(self._bodies.pop(oldest).content)
