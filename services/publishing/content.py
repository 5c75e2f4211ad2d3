"""What a publication holds: rankings and units as reporting shows them, as one canonical JSON text in pieces."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import bson
import orjson

from services.common import index_document
from services.common.appraisals import AppraisalRow
from services.common.index import Formula
from services.common.publication_store import AFTER, Piece
from services.common.uncertainty import SamplingErrors
from services.common.unit_index import GroupTally, UnitIndex
from services.publishing.disclosure import Counts, Published
from services.publishing.form import FORM, ROW, UNIT, formed
from services.publishing.recount import Counted
from services.reporting import rankings, units
from services.reporting.figures import label
from services.reporting.rankings import View
from services.reporting.standing import AsOf, Standing
from services.scoring.tallies import total

Document = dict[str, Any]

ROWS = 2_000
"""Of a ranking, in one piece."""
WITHHELD: Mapping[str, str] = {"index": "breakdown", "nothing": "index"}
"""By how much is shown of a unit: what is not."""


@dataclass(frozen=True, slots=True)
class Content:
    """The pieces in the order of the text, and its digest."""

    pieces: tuple[Piece, ...]
    digest: str


class Computed:
    """The indices of a campaign at a cut, made unit by unit."""

    def __init__(self, counted: Counted) -> None:
        self.campaign = counted.cut.campaign
        self._counted = counted
        self._formula = Formula(self.campaign)
        self._errors = SamplingErrors(self.campaign)

    def counts(self, unit: str) -> Counts:
        """What was answered, by group."""
        return {group: tally.counts for group, tally in self._tallies(unit).items()}

    def result(self, unit: str) -> UnitIndex:
        row = self._counted.appraisals.get(unit, AppraisalRow())
        return self._formula.compute(unit, self._tallies(unit), row)

    def document(self, unit: str, result: UnitIndex) -> Document:
        """As scoring keeps it, without what does not follow from the log."""
        return {
            "_id": {"campaign": self.campaign.code, "unit": unit},
            "campaign": self.campaign.code,
            "unit": unit,
            "block": self.campaign.unit[unit].block,
            "version": self.campaign.version,
            **index_document.write(result),
            **self._errors.of(unit, result).document(),
        }

    def raw(self, unit: str, result: UnitIndex) -> bytes:
        """As reporting reads it."""
        return bson.encode({**self.document(unit, result), "state": 0})

    def _tallies(self, unit: str) -> Mapping[str, GroupTally]:
        sources = (self._counted.tallies,)
        return {group: total(sources, (self.campaign.code, group, unit)) for group in self.campaign.group}


def content(counted: Counted, figures: Mapping[str, Published], root: str) -> Content:
    """The content of a publication.

    Args:
        counted: the campaign at the cut.
        figures: of each of its units.
        root: of the tree of the responses that count.
    """
    campaign = counted.cut.campaign
    as_of = AsOf(0, campaign.version, dict(counted.forms), counted.cut.positions)
    standing = Standing(campaign, as_of, figures)
    digest, pieces = hashlib.sha256(), []
    for kind, name, before, text in _texts(standing, root):
        digest.update(before + text)
        pieces.append(Piece(kind, name, before, zlib.compress(text), len(text)))
    return Content(tuple(pieces), digest.hexdigest())


def _texts(standing: Standing, root: str) -> Iterator[tuple[str, str, bytes, bytes]]:
    """Kind and name of each piece, what stands before it in the text, and its JSON."""
    yield "about", "", b'{"about":', _json(about(standing, root))
    before = b',"rankings":{'
    for block in sorted(standing.campaign.block):
        before += b"%b:[" % _json(block)
        rows = ranking(standing, block)
        for at in range(0, len(rows), ROWS):
            text = b",".join(map(_json, rows[at : at + ROWS]))
            yield "ranking", f"{block},{at // ROWS:06}", before, text
            before = b","
        before = b"]," if rows else before + b"],"
    before = before.removesuffix(b",") + b'},"units":{'
    for unit in sorted(standing.campaign.unit):
        yield "unit", unit, before + _json(unit) + b":", _json(unit_document(standing, unit))
        before = b","
    yield AFTER, "", before.removesuffix(b",") + b"}}", b""


def _json(value: object) -> bytes:
    """Canonical: RFC 8785 for what is written here, which has no fractions as numbers."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def about(standing: Standing, root: str) -> Document:
    """What the figures are of, and the rules by which they are made."""
    campaign, as_of = standing.campaign, standing.as_of
    rules = campaign.rules
    return {
        "form": FORM,
        "campaign": campaign.code,
        "version": campaign.version,
        "title": label(campaign.title),
        "opens": campaign.opens.isoformat(),
        "closes": campaign.closes.isoformat(),
        "as_of": {
            "counted": as_of.total,
            "root": root,
            "groups": {group: as_of.counted.get(group, 0) for group in campaign.group},
            "positions": as_of.positions,
        },
        "blocks": [{"block": block.code, "name": label(block.name)} for block in campaign.blocks],
        "bands": [{"from": format(band.floor, "f"), "name": label(band.name)} for band in campaign.bands],
        "rules": {
            "decimals": rules.decimals,
            "ties": rules.ties,
            "not_applicable": rules.not_applicable,
            "min_answers": rules.min_answers,
            "suppress_below": rules.suppress_below,
            "edits": rules.edits,
            "live": rules.live,
        },
    }


def ranking(standing: Standing, block: str) -> list[Document]:
    """The rows of a block's ranking."""
    rows = formed(orjson.loads(rankings.document(standing, View(block)))["rows"], ROW)
    return [_without_withheld(standing, row) for row in rows]


def unit_document(standing: Standing, unit: str) -> Document:
    """A unit in detail, without what is said of all."""
    document = units.document(standing, standing.campaign.unit[unit])
    return _without_withheld(standing, formed(document, UNIT))


def _without_withheld(standing: Standing, shown: Document) -> Document:
    figures = standing.units[shown["unit"]]
    if not isinstance(figures, Published) or figures.level not in WITHHELD:
        return shown
    marked = shown | {"withheld": WITHHELD[figures.level]}
    if figures.level == "index":
        return marked
    none = dict.fromkeys(("earned", "attainable", "lost") if "lost" in shown else ("earned", "attainable"))
    return marked | none
