"""The rules between the fields of a definition: codes are used once, references lead somewhere, limits are kept.

They read the document itself and pass over what is not there or is of the wrong kind (campaign_fields reports that),
so that an author sees everything that is wrong at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from services.common.campaign_document import MAX_LEAVES, MAX_POINTS, SURVEY_FIELDS
from services.common.campaign_problems import Fault, Path, pointer
from services.common.campaign_values import moment_of, number_of, shown

MAX_PLACES = 50_000
"""Counts by group, leaf and option: the layout of a definition then fits a record and a document of the database."""


class Node(NamedTuple):
    """A mapping of the document and where it is."""

    path: Path
    value: Mapping[str, object]

    def rows(self, name: str) -> list[Node]:
        """The mappings of a list."""
        return [Node((*self.path, name, index), row) for index, row in self.items(name) if isinstance(row, Mapping)]

    def items(self, name: str) -> list[tuple[int, object]]:
        """The items of a list, numbered."""
        items = self.value.get(name)
        return list(enumerate(items)) if isinstance(items, list) else []

    def code(self, name: str = "code") -> str | None:
        code = self.value.get(name)
        return code if isinstance(code, str) else None

    def fault(self, name: str | tuple[str | int, ...], code: str, detail: str) -> Fault:
        more = name if isinstance(name, tuple) else (name,)
        return Fault((*self.path, *more), code, detail)


def broken_rules(document: Mapping[str, object]) -> Iterator[Fault]:
    """Everything that is wrong between the fields of a document."""
    root = Node((), document)
    criteria = [criterion for field in root.rows("fields") for criterion in field.rows("criteria")]
    leaves = [leaf for criterion in criteria for leaf in criterion.rows("leaves")]
    for kind in ("block", "unit", "group", "scale", "field"):
        yield from _repeated(kind, root.rows(kind + "s"))
    yield from _repeated("criterion", criteria)
    yield from _repeated("leaf", leaves)
    yield from _moments(root)
    yield from _units(root)
    yield from _groups(root)
    yield from _scales(root)
    yield from _leaves(root, leaves)
    yield from _sums(root, leaves)
    yield from _bands(root)


def _repeated(kind: str, rows: Iterable[Node]) -> Iterator[Fault]:
    first: dict[str, Path] = {}
    for row in rows:
        code = row.code()
        if code is None:
            continue
        if code in first:
            detail = f"the {kind} code {shown(code)} is already used at {pointer(first[code])}: choose another"
            yield row.fault("code", "repeated-code", detail)
        first.setdefault(code, row.path)


def _unknown(row: Node, names: Path, kind: str, code: object, known: Mapping[str, object]) -> Iterator[Fault]:
    if isinstance(code, str) and code not in known:
        yield row.fault(names, f"unknown-{kind}", f"there is no {kind} {shown(code)}: define it, or correct the code")


def _repeated_items(row: Node, name: str) -> Iterator[Fault]:
    """What is in a list of codes twice."""
    seen: set[str] = set()
    for index, code in row.items(name):
        if isinstance(code, str):
            if code in seen:
                yield row.fault((name, index), "repeated-item", f"{shown(code)} is already in this list: remove it")
            seen.add(code)


def _references(row: Node, name: str, kind: str, known: Mapping[str, object]) -> Iterator[Fault]:
    """What is wrong with a list of codes: unknown ones, and the same twice."""
    for index, code in row.items(name):
        yield from _unknown(row, (name, index), kind, code, known)
    yield from _repeated_items(row, name)


def _codes(root: Node, name: str) -> dict[str, Node]:
    return {code: row for row in root.rows(name) if (code := row.code()) is not None}


def _moments(root: Node) -> Iterator[Fault]:
    opens, closes = moment_of(root.value.get("opens")), moment_of(root.value.get("closes"))
    if opens and closes and opens >= closes:
        yield root.fault("closes", "closes-too-early", "the campaign must close after it opens: correct one of the two")


def _units(root: Node) -> Iterator[Fault]:
    blocks = _codes(root, "blocks")
    tiles: dict[tuple[object, str], Path] = {}
    for unit in root.rows("units"):
        yield from _unknown(unit, ("block",), "block", unit.value.get("block"), blocks)
        yield from _repeated_items(unit, "formerly")
        tile = unit.value.get("tile")
        if isinstance(tile, list):
            place = (unit.value.get("block"), ",".join(str(part) for part in tile)) if unit.code("block") else None
            if place is None:
                continue
            if place in tiles:
                yield unit.fault(
                    "tile", "repeated-tile", f"the tile is already taken by {pointer(tiles[place])}: choose a free one"
                )
            tiles.setdefault(place, unit.path)


def _groups(root: Node) -> Iterator[Fault]:
    blocks = _codes(root, "blocks")
    for group in root.rows("groups"):
        yield from _references(group, "rates", "block", blocks)


def _scales(root: Node) -> Iterator[Fault]:
    for scale in root.rows("scales"):
        options = scale.rows("options")
        yield from _repeated("option", options)
        if options and all("percent" in option.value and option.value["percent"] is None for option in options):
            yield scale.fault("options", "no-percent", "every option is 'no opinion': give at least one a percent")


def _leaves(root: Node, leaves: list[Node]) -> Iterator[Fault]:
    scales = _codes(root, "scales")
    answering = _answering(root)
    for leaf in leaves:
        if leaf.value.get("method") == "appraisal":
            yield from _appraisal_leaf(leaf)
        elif leaf.value.get("method") == "survey":
            yield from _survey_leaf(leaf, scales, answering)


def _answering(root: Node) -> dict[str, bool]:
    """By group: whether it rates a block that has units, or may do so once its rates are repaired."""
    rated = {unit.code("block") for unit in root.rows("units")}
    empty = {block for block in _codes(root, "blocks") if block not in rated}
    return {
        code: any(not isinstance(block, str) or block not in empty for _, block in group.items("rates"))
        or not group.items("rates")
        for code, group in _codes(root, "groups").items()
    }


def _appraisal_leaf(leaf: Node) -> Iterator[Fault]:
    for name in SURVEY_FIELDS:
        if name in leaf.value:
            detail = "an appraisal leaf is not asked of anybody: remove this, or make it a survey"
            yield leaf.fault(name, "survey-only", detail)


def _survey_leaf(leaf: Node, scales: dict[str, Node], answering: dict[str, bool]) -> Iterator[Fault]:
    for name in ("scale", "groups"):
        if name not in leaf.value:
            yield leaf.fault(name, "missing", f"a survey leaf needs its {name}: add it")
    yield from _unknown(leaf, ("scale",), "scale", leaf.value.get("scale"), scales)
    yield from _references(leaf, "groups", "group", answering)
    own = {code for _, code in leaf.items("groups") if isinstance(code, str)}
    weights = leaf.value.get("weights")
    for code in weights if isinstance(weights, Mapping) else ():
        if code not in own:
            detail = f"the group {shown(code)} does not answer this leaf: add it to groups, or remove the weight"
            yield leaf.fault(("weights", code), "unknown-group", detail)
    if own and not any(answering.get(code, True) for code in own):
        detail = "none of these groups rates a block that has units: add one that does"
        yield leaf.fault("groups", "nobody-answers", detail)


def _sums(root: Node, leaves: list[Node]) -> Iterator[Fault]:
    if len(leaves) > MAX_LEAVES:
        yield root.fault("fields", "too-many", f"{len(leaves):,} leaves are given, at most {MAX_LEAVES:,} are allowed")
    points = sum(number_of(leaf.value.get("max_points")) or 0 for leaf in leaves)
    if points > MAX_POINTS:
        detail = f"the leaves come to {points:,} points, at most {MAX_POINTS:,} are allowed: divide all by one number"
        yield root.fault("fields", "too-many-points", detail)
    options = {code: len(scale.rows("options")) for code, scale in _codes(root, "scales").items()}
    places = sum(options.get(leaf.code("scale") or "", 0) * len(leaf.items("groups")) for leaf in leaves)
    if places > MAX_PLACES:
        detail = f"leaves, their groups and options make {places:,} counts, at most {MAX_PLACES:,} are kept: ask less"
        yield root.fault("fields", "too-many-counts", detail)


def _bands(root: Node) -> Iterator[Fault]:
    bands = root.rows("bands")
    for above, band in pairwise(bands):
        high, low = number_of(above.value.get("from")), number_of(band.value.get("from"))
        if high is not None and low is not None and low >= high:
            yield band.fault(
                "from", "band-order", f"bands go from high to low: this must be less than {high}, the one before"
            )
