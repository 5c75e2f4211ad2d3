"""What a group's answers are, by the bytes that stand for them in a record: tables made of a definition once. Pure."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from operator import getitem
from typing import NamedTuple

from services.common.campaign import Campaign
from services.common.contribution import NOT_ASKED, Contribution, Rounding, Worths
from services.scoring.tallies import PLACES

RUN = 4
"""Answers that are looked up together: of five options each they can be so many that the memory bears it."""
MOST_RUNS = 8_000
"""That are kept of a group's answers about a block, some 600 bytes each."""

length = struct.Struct("<i").pack
"""A length as BSON has it."""


class _Answer(NamedTuple):
    """What one answer of a group is: its place, as BSON, its worth and weight, and its leaf's place in the order."""

    option: str
    place: int
    raw: bytes
    worth: int
    weight: int
    leaf: int


class _Run(NamedTuple):
    """What answers are that follow each other: their places and BSON, what they are worth in sum."""

    places: bytes
    """An array of `PLACES`."""
    raw: bytes
    worth: int
    weight: int
    option: str | None
    """The one that all of them are, where that is so."""


class _Part(dict[bytes, _Run]):
    """The answers to some leaves that follow each other, one to each: looked up together, made when first met."""

    def __init__(self, answers: _Answers, leaves: Sequence[int], most: int) -> None:
        super().__init__()
        self._answers = answers
        self._leaves = leaves
        self._most = most

    def __missing__(self, text: bytes) -> _Run:
        found = self._answers.each(text)
        if [answer.leaf for answer in found] != self._leaves:
            raise KeyError(text)
        run = _run(found)
        if len(self) < self._most:
            self[text] = run
        return run


class _Answers:
    """The answers that a group may give about a unit, as a record has them.

    Forms that are filled in whole have one length, where the options of each leaf have. They are cut at the same
    places, and the same few answers come again and again: what these are is kept.
    """

    def __init__(self, one: Mapping[bytes, _Answer]) -> None:
        self._one = one
        by_leaf = _by_leaf(one)
        leaves = list(by_leaf)
        lengths = [{len(text) for text in texts} for texts in by_leaf.values()]
        ends = list(accumulate(max(each) + 1 for each in lengths))
        self._whole = ends[-1] if ends and all(len(each) == 1 for each in lengths) else 0
        parts = [leaves[start : start + RUN] for start in range(0, len(leaves), RUN)]
        self._parts = [_Part(self, part, MOST_RUNS // len(parts)) for part in parts]
        cuts = pairwise([0, *ends[RUN - 1 : -1 : RUN], *ends[-1:]])
        self._cut = struct.Struct("".join(f"{end - start}s" for start, end in cuts)).unpack

    def read(self, text: bytes) -> tuple[bytes, bytes, int, int, str | None]:
        """What a unit's answers are together, as `_Run` has it.

        Raises:
            KeyError: a piece is in no table, or they are not in order.
        """
        text += b","
        if len(text) == self._whole:
            try:
                # As many of each by how they are made; to check it would take as long as a look-up.
                places, raws, worths, weights, options = zip(*map(getitem, self._parts, self._cut(text)))  # noqa: B905
            except KeyError:
                # Not whole all the same, or wrong.
                pass
            else:
                option = options[0] if options.count(options[0]) == len(options) else None
                return b"".join(places), b"".join(raws), sum(worths), sum(weights), option
        found = self.each(text)
        if any(before.leaf >= after.leaf for before, after in pairwise(found)):
            raise KeyError(text)
        return _run(found)

    def each(self, text: bytes) -> list[_Answer]:
        """What answers are, each with a comma behind it.

        Raises:
            KeyError: one is in no table.
        """
        *texts, rest = text.split(b",")
        if rest or not texts:
            raise KeyError(text)
        return [self._one[text] for text in texts]


def _run(found: Sequence[_Answer]) -> _Run:
    options = {answer.option for answer in found}
    return _Run(
        array(PLACES, [answer.place for answer in found]).tobytes(),
        b"".join([answer.raw for answer in found]),
        sum([answer.worth for answer in found]),
        sum([answer.weight for answer in found]),
        options.pop() if len(options) == 1 else None,
    )


class Unit(NamedTuple):
    """A unit as a group rates it."""

    code: str
    raw: bytes
    rounded: Rounding
    answers: _Answers


def units_of(campaign: Campaign, contribution: Contribution, group: str) -> Mapping[bytes, Unit]:
    """The units that a group rates, by their names as a record has them."""
    blocks = campaign.group[group].rates
    answers = {
        # About a unit of a later version no answer is an opinion.
        (block, known): _answers(campaign, contribution.worth(group, block) if known else {}, group, block)
        for block in blocks
        for known in (True, False)
    }
    rounding = {block: contribution.rounding(group, block) for block in blocks}
    return {
        b'"%b"' % unit.code.encode(): Unit(
            unit.code,
            b"\x03%b\0" % unit.code.encode(),
            rounding[unit.block],
            answers[unit.block, contribution.knows(unit.code)],
        )
        for unit in campaign.units
        if unit.block in blocks
    }


def _answers(campaign: Campaign, worths: Worths, group: str, block: str) -> _Answers:
    """The answers that a group may give about the units of a block."""
    places = campaign.place.get(group, {})
    answers = {}
    # By a later version the group may be asked more, and by an earlier one less.
    asked = (leaf.code for leaf in campaign.leaves if group in campaign.raters(leaf, block))
    for number, leaf in enumerate(sorted(asked)):
        weight, options = worths.get(leaf, NOT_ASKED)
        for option, place in places.get(leaf, {}).items():
            raw = b"\x02%b\0" % leaf.encode() + _text(option)
            worth = options.get(option)
            sums = (0, 0) if worth is None else (worth, weight)
            answers[f'"{leaf}":"{option}"'.encode()] = _Answer(option, place, raw, *sums, number)
    return _Answers(answers)


def _by_leaf(answers: Mapping[bytes, _Answer]) -> Mapping[int, Sequence[bytes]]:
    """The texts of answers, leaf by leaf in order."""
    texts: dict[int, list[bytes]] = {}
    for text, answer in answers.items():
        texts.setdefault(answer.leaf, []).append(text)
    return {leaf: texts[leaf] for leaf in sorted(texts)}


def _text(text: str) -> bytes:
    raw = text.encode()
    return length(len(raw) + 1) + raw + b"\0"
