"""Participation as pages to print: forms against the quota, what to look after, what came in, and what is missing.

Units one by one are for the tables: the pages list those with too few forms.
"""

from __future__ import annotations

from datetime import date

from services.reporting.exports.headings import VALUES
from services.reporting.exports.participation_book import EFFECTS, notes
from services.reporting.exports.pdf_page import NONE, Document, Json, Page


class ParticipationPage(Page):
    """The texts of participation."""

    def data(self) -> tuple[Json, int]:
        """What the template is given, and how many rows it shows."""
        (document,) = self.job.documents
        activity = document["activity"]
        filled = {group["group"]: group for group in document["quality"] or ()}
        tables: Json = {
            "groups": [self._group(group, filled.get(group["group"], {})) for group in document["groups"]],
            "warnings": [
                {"group": self._named(warning["where"]["group"]), "detail": self.comma(self.label(warning["detail"]))}
                for warning in document["warnings"]
            ],
            "blocks": [
                {"block": self.label(block["name"]), **self._of_block(group)}
                for block in document["blocks"]
                for group in block["groups"]
            ],
            "days": [self._day(f"{date.fromisoformat(day['day']):%d/%m/%Y}", day) for day in activity["days"]],
            "totals": [self._day(self.words["totals"], activity["totals"])] if activity["days"] else [],
            "channels": [
                {"name": self.label(VALUES[channel]), "forms": str(forms)}
                for channel, forms in activity["channels"].items()
            ],
            "rejected": [{"reason": reason, "n": str(n)} for reason, n in activity["rejected"].items()],
            "missing": self._missing(document),
        }
        what = self.say("Tình hình thu phiếu", "Participation")
        told = {"told": document["quality"] is not None, "effects": [self.words[effect] for effect in EFFECTS]}
        return self.common(what, notes(document)) | told | tables, sum(map(len, tables.values()))

    def _group(self, group: Document, filled: Document) -> Json:
        return {
            "name": self.label(group["name"]),
            "forms": str(group["counted"]),
            "required": _whole(group["required"]),
            "share": self._percent(group["share"]),
            "value": None if group["share"] is None else float(group["share"]),
            "no_opinion": self._percent(filled.get("no_opinion")),
            "straight_lining": self._percent(filled.get("straight_lining")),
            "suppressed": filled.get("suppressed", False),
        }

    def _of_block(self, group: Document) -> Json:
        return {
            "group": self._named(group["group"]),
            "share": self._percent(group["share"]),
            **{name: _whole(group[name]) for name in ("n", "required", "cells", "missing")},
        }

    def _day(self, name: str, day: Document) -> Json:
        return {"name": name, "effects": [str(day[effect]) for effect in EFFECTS]}

    def _missing(self, document: Document) -> list[Json]:
        units = {unit["unit"]: unit["name"] for unit in document["units"]}
        return [
            {"unit": self.label(units[cell["unit"]]), "group": self._named(cell["group"]), "n": str(cell["n"])}
            for cell in document["missing"]["listed"]
        ]

    def _named(self, group: str) -> str:
        return self.label(self.job.labels["group"][group])

    def _percent(self, share: str | None) -> str:
        return NONE if share is None else self.comma(share)


def _whole(number: int | None) -> str:
    return NONE if number is None else str(number)
