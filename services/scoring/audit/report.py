"""What a verification has compared and found: pure, so that a program and a person are told the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.scoring.audit.difference import Difference

SHOWN = 10


@dataclass(slots=True)
class Report:
    """One comparison of all that is stored with the log.

    `positions` say up to where, by topic and partition; `compared` how many documents of what; the digests are of what
    is stored, so that two verifications at the same positions can be compared by eye.
    """

    generation: int
    positions: dict[str, dict[str, int]] = field(default_factory=lambda: {"responses": {}, "appraisals": {}})
    compared: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    first: list[Difference] = field(default_factory=list)
    _digests: dict[str, Any] = field(
        default_factory=lambda: {name: hashlib.sha256() for name in ("rows", "tallies", "indices")}
    )

    @property
    def equal(self) -> bool:
        return not self.differences

    @property
    def wants_detail(self) -> bool:
        """Whether the next difference will be shown."""
        return len(self.first) < SHOWN

    def note(self, difference: Difference | None) -> None:
        """Counts a difference, if it is one, and keeps the first of them."""
        if difference is not None:
            self.differences[difference.collection] += 1
            if self.wants_detail:
                self.first.append(difference)

    def absorb(self, name: str, digests: Iterable[bytes]) -> None:
        """Adds documents, by their digests and in their settled order, to the digest of rows, tallies or indices."""
        for digest in digests:
            self._digests[name].update(digest)

    def document(self) -> dict[str, Any]:
        """The report as JSON holds it; what is no JSON becomes text there."""
        return {
            "equal": self.equal,
            "generation": self.generation,
            "positions": self.positions,
            "compared": dict(self.compared),
            "digests": {name: digest.hexdigest() for name, digest in self._digests.items()},
            "differences": dict(self.differences),
            "first": [
                {name: getattr(difference, name) for name in ("collection", "id", "field", "found", "expected")}
                for difference in self.first
            ],
        }
