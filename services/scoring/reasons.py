"""Why a record could not be applied: what each reason means, and what whoever runs the system can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    meaning: str
    remedy: str


REASONS: Mapping[str, Reason] = {
    "unreadable": Reason(
        "no event that this version can read",
        "If a newer version wrote it, deploy that version, then requeue. What was damaged or written by hand stays "
        "unreadable: leave it.",
    ),
    "misplaced": Reason(
        "an event of another topic",
        "Find out what writes past intake. It can never be applied here: leave it.",
    ),
    "unknown-campaign": Reason(
        "names a version of a campaign that is not in the log",
        "Publish that version, or restore the topic campaigns; then requeue.",
    ),
    "unknown-group": Reason(
        "its group is not in the version that it names",
        "Intake lets none through, so something writes past it. Where scoring was wrong, deploy the right version, "
        "then requeue.",
    ),
    "unknown-unit": Reason(
        "rates or appraises a unit that is not in the version that it names, or not the group's to rate",
        "As for unknown-group.",
    ),
    "unknown-answer": Reason(
        "a question or an answer that the version it names does not have for its group",
        "As for unknown-group.",
    ),
    "other-campaign": Reason(
        "its id is that of a response to another campaign",
        "Its sender must choose another id and send it again; requeueing cannot help.",
    ),
    "conflict": Reason(
        "another content was counted before under the same revision",
        "A rater's doing: the first in the log stands, and requeueing cannot help.",
    ),
    "unknown-leaf": Reason(
        "appraises what is not appraised in the version that it names",
        "As for unknown-group.",
    ),
    "impossible-points": Reason(
        "points beyond the maximum or below 0",
        "As for unknown-group.",
    ),
    "stale": Reason(
        "an appraisal made for another version of the row than was in force, or requeued after a later one",
        "Its sender was told to look at the row and send it again. Requeue it only when an earlier change of the same "
        "unit was requeued first.",
    ),
}

HOPELESS = ("conflict",)
"""What is never requeued: it could not be applied again whatever was mended."""
